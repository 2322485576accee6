import type { Field } from "../field.ts";
import { checkLocalPath } from "../syntax.ts";
import { checkFieldRef, checkResourceFieldRef } from "./field_selectors.ts";

const MAX_FILE_MODE = 0o777;
const FILE_FIELD_PATHS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.labels",
  "metadata.annotations",
  "metadata.uid",
];

/** Reports permission bits outside 0 to 0777. */
export function checkMode(mode: Field): void {
  if (mode.integer() < 0 || mode.integer() > MAX_FILE_MODE) {
    mode.invalid(
      `must be between 0 and 0${MAX_FILE_MODE.toString(8)} (octal) or ${MAX_FILE_MODE} (decimal)`,
    );
  }
}

/**
 * The `items` of a Secret or ConfigMap: which key becomes which file.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateKeyToPath`
 */
export function checkKeyPaths(items: Field): void {
  for (const item of items.items()) {
    const key = item.member("key");
    if (key.text() === "") key.required();
    checkFilePath(item.member("path"));
    checkMode(item.member("mode"));
  }
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateDownwardAPIVolumeFile` */
export function checkDownwardFiles(items: Field): void {
  for (const item of items.items()) {
    checkFilePath(item.member("path"));
    checkMode(item.member("mode"));
    const fieldRef = item.member("fieldRef");
    const resourceFieldRef = item.member("resourceFieldRef");
    if (fieldRef.isSet && resourceFieldRef.isSet) {
      item.invalid("must have either fieldRef or resourceFieldRef");
    }
    if (fieldRef.isSet) checkFieldRef(fieldRef, FILE_FIELD_PATHS);
    else if (resourceFieldRef.isSet) {
      checkResourceFieldRef(resourceFieldRef, { namesContainer: true });
    } else item.required("must have either fieldRef or resourceFieldRef");
  }
}

/** Reports an empty path, an absolute one, or one with `..`. */
export function checkFilePath(path: Field): void {
  if (path.text() === "") path.required();
  else checkLocalPath(path);
}
