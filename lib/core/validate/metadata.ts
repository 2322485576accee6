import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import { labelValueProblem, qualifiedNameProblem } from "../select/label_syntax.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";

const NAME = /^[a-zA-Z0-9-]+$/;
const MAX_NAME_LENGTH = 63;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/**
 * Name, labels and annotations.
 *
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSet`
 */
export function checkMetadata({ metadata, spec }: Subject): void {
  const name = metadata.member("name");
  if (name.text() === "") name.required();
  else if (name.text().length > MAX_NAME_LENGTH || !NAME.test(name.text())) {
    name.invalid(
      `must be at most ${MAX_NAME_LENGTH} letters, digits and '-', for it is used as a label`,
    );
  }
  const namespace = metadata.member("namespace");
  if (namespace.text() !== "") {
    namespace.forbidden("must not be set: a SidecarSet has no namespace");
  }
  checkLabels(metadata.member("labels"));
  checkAnnotations(metadata.member("annotations"));
  checkCustomVersion(spec.member("customVersion"));
}

/** @see `k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go:ValidateLabels` */
function checkLabels(labels: Field): void {
  for (const [key, value] of labels.entries()) {
    const problem = qualifiedNameProblem(key);
    if (problem !== undefined) value.invalid(`has a key that is not valid: it ${problem}`);
    const valueProblem = labelValueProblem(value.text());
    if (valueProblem !== undefined) value.invalid(valueProblem);
  }
}

/** @see `k8s.io/apimachinery/pkg/api/validation/objectmeta.go:ValidateAnnotations` */
export function checkAnnotations(annotations: Field): void {
  let bytes = 0;
  const encoder = new TextEncoder();
  for (const [key, value] of annotations.entries()) {
    const problem = qualifiedNameProblem(key.toLowerCase());
    if (problem !== undefined) value.invalid(`has a key that is not valid: it ${problem}`);
    bytes += encoder.encode(key).length + encoder.encode(value.text()).length;
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) {
    annotations.tooLong(`must have at most ${MAX_ANNOTATIONS_BYTES} bytes: they have ${bytes}`);
  }
}

/** The version becomes the label `apps.kruise.io/sidecarset-custom-version` of the revision (B-29). */
function checkCustomVersion(customVersion: Field): void {
  const problem = labelValueProblem(customVersion.text());
  if (problem === undefined) return;
  customVersion.invalid(
    `${problem}, because revisions carry it as the label ${CUSTOM_VERSION_LABEL}`,
  );
}
