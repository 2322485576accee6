import {
  CANARY_ANNOTATION,
  CANARY_BASE_ANNOTATION,
  CUSTOM_VERSION_LABEL,
} from "../../api/names.ts";
import { canaryBaseOf } from "../canary.ts";
import { labelValueProblem, qualifiedNameProblem } from "../select/label_syntax.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";

const NAME = /^[a-zA-Z0-9-]+$/;
const MAX_NAME_LENGTH = 63;
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/**
 * Name, labels and annotations.
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSet`
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
export function checkLabels(labels: Field): void {
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

/**
 * Rules for canaries: created as a canary, of type NotUpdate, with an existing base that is no canary. Chains are
 * refused in both directions, and a SidecarSet cannot become a canary later (B-10).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateSidecarSetCanary`
 */
export function checkCanary({ metadata, spec, input }: Subject): void {
  const annotations = new Map(metadata.member("annotations").entries());
  const flag = annotations.get(CANARY_ANNOTATION);
  const base = annotations.get(CANARY_BASE_ANNOTATION);
  if (flag?.text() !== "true" || !base?.text()) return;

  const name = metadata.member("name").text();
  const baseName = base.text();
  if (input.operation === "UPDATE" && input.old && canaryBaseOf(input.old) !== baseName) {
    base.invalid("must not be added or changed in an existing SidecarSet: create a new canary");
  }
  if (baseName === name) return base.invalid("must name another SidecarSet");
  const found = input.others.find((other) => other.metadata.name === baseName);
  if (found === undefined) base.invalid("must name an existing SidecarSet");
  else if (canaryBaseOf(found) !== undefined) {
    base.invalid("must not name a canary: use the SidecarSet that it is a canary of");
  }
  const ownCanary = input.others.find((other) =>
    other.metadata.name !== name && canaryBaseOf(other) === name
  );
  if (ownCanary !== undefined) {
    flag.invalid(
      `must not be set because SidecarSet ${ownCanary.metadata.name} is a canary of this one: delete it first`,
    );
  }
  if (spec.member("updateStrategy").member("type").text() !== "NotUpdate") {
    flag.invalid("must not be set unless spec.updateStrategy.type is NotUpdate");
  }
}
