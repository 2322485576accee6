import { subdomainProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkOptionalOneOf } from "../syntax.ts";
import { quantityAt } from "./field_selectors.ts";

const ONE_POD = "ReadWriteOncePod";
const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", ONE_POD];
const VOLUME_MODES = ["Block", "Filesystem"];

/**
 * A generic ephemeral volume.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidatePersistentVolumeClaimSpec`
 */
export function checkEphemeral(source: Field): void {
  const template = source.member("volumeClaimTemplate");
  if (!template.isSet) return template.required();
  const spec = template.member("spec");
  checkAccessModes(spec.member("accessModes"));
  checkStorage(spec.member("resources").member("requests"));
  for (const className of ["storageClassName", "volumeAttributesClassName"]) {
    const name = spec.member(className);
    const problem = name.text() === "" ? undefined : subdomainProblem(name.text());
    if (problem !== undefined) name.invalid(problem);
  }
  checkOptionalOneOf(spec.member("volumeMode"), VOLUME_MODES);
}

function checkAccessModes(modes: Field): void {
  const fields = modes.items();
  if (fields.length === 0) modes.required("must have at least one access mode");
  for (const mode of fields) checkOptionalOneOf(mode, ACCESS_MODES);
  const texts = new Set(fields.map((mode) => mode.text()));
  if (texts.has(ONE_POD) && texts.size > 1) {
    modes.forbidden(`must not have other access modes with ${ONE_POD}`);
  }
}

function checkStorage(requests: Field): void {
  const storage = requests.entries().find(([name]) => name === "storage")?.[1];
  if (storage === undefined) return requests.required("must have storage");
  const size = quantityAt(storage);
  if (size !== undefined && size.nanos <= 0n) storage.invalid("must be a quantity above zero");
}
