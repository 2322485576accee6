import type { Field } from "./field.ts";
import { checkSubscript, readPodFieldPath } from "./pod/field_selectors.ts";

/**
 * Where variables are copied from. An empty reference is refused (B-25).
 *
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateDownwardAPI`
 */
export function checkTransferEnv(transferEnv: Field): void {
  for (const entry of transferEnv.items()) {
    const name = entry.member("sourceContainerName");
    const nameFrom = entry.member("sourceContainerNameFrom");
    if (nameFrom.isSet) checkNameSource(nameFrom.member("fieldRef"));
    else if (name.text() === "") name.required("is required: or use sourceContainerNameFrom");
  }
}

/** The name comes from a label or an annotation of the Pod; nothing else of it is known before it is created. */
function checkNameSource(fieldRef: Field): void {
  if (!fieldRef.isSet) {
    return fieldRef.required(
      "is required: use fieldPath metadata.labels['KEY'] or metadata.annotations['KEY']",
    );
  }
  const apiVersion = fieldRef.member("apiVersion");
  const fieldPath = fieldRef.member("fieldPath");
  if (apiVersion.text() === "") return apiVersion.required("is required: use v1");
  if (fieldPath.text() === "") return fieldPath.required();
  if (apiVersion.text() !== "v1") return fieldPath.invalid("must be read with apiVersion v1");
  const parts = readPodFieldPath(fieldPath.text());
  if (parts.key === undefined) {
    return fieldPath.invalid("must be metadata.labels['KEY'] or metadata.annotations['KEY']");
  }
  checkSubscript(fieldRef, parts);
}
