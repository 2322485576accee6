import { parseQuantity } from "../../quantity/quantity.ts";
import { subdomainProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkDnsLabel, checkNoBacksteps, checkOptionalOneOf } from "../syntax.ts";
import { quantityAt } from "./field_selectors.ts";
import type { VolumeSources } from "./mounts.ts";
import { checkProjected } from "./projected_volume.ts";
import { requires, type SourceCheck, STORAGE_CHECKS } from "./storage_sources.ts";
import { checkDownwardFiles, checkKeyPaths, checkMode } from "./volume_files.ts";

/**
 * Volumes: unique names and exactly one valid source each.
 *
 * @returns the sources of those volumes that are valid.
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateVolumes`
 */
export function checkVolumes(volumes: readonly Field[]): VolumeSources {
  const sources = new Map<string, string>();
  const names = new Set<string>();
  for (const volume of volumes) {
    const before = volume.problemCount;
    const name = volume.member("name");
    checkDnsLabel(name);
    if (name.text() !== "" && names.has(name.text())) name.duplicate();
    names.add(name.text());
    const source = checkSource(volume);
    if (source !== undefined && volume.problemCount === before) sources.set(name.text(), source);
  }
  return sources;
}

/** An unknown source may be one of a newer Kubernetes version: it counts as a source and is not validated. */
function checkSource(volume: Field): string | undefined {
  const [first, ...others] = volume.entries()
    .filter(([key, value]) => key !== "name" && value.isSet)
    .map(([key]) => key);
  if (first === undefined) {
    volume.required("must have a source such as emptyDir");
    return undefined;
  }
  SOURCE_CHECKS.get(first)?.(volume.member(first));
  for (const other of others) {
    volume.member(other).forbidden(
      `must not be set together with ${first}: a volume has one source`,
    );
  }
  return first;
}

const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const MAX_CSI_DRIVER_LENGTH = 63;

/**
 * Rules for each volume source.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateVolumeSource`
 */
const SOURCE_CHECKS: ReadonlyMap<string, SourceCheck> = new Map<string, SourceCheck>([
  ["emptyDir", checkEmptyDir],
  ["hostPath", checkHostPath],
  ["secret", (source) => checkFiles(source, "secretName")],
  ["configMap", (source) => checkFiles(source, "name")],
  ["downwardAPI", checkDownwardApi],
  ["projected", checkProjected],
  ["persistentVolumeClaim", requires("claimName")],
  ["ephemeral", checkEphemeral],
  ["csi", checkCsi],
  ["image", checkImage],
  ...STORAGE_CHECKS,
]);

/** The API server drops `mode` unless a feature gate is on. */
function checkEmptyDir(source: Field): void {
  const { value } = source.member("sizeLimit");
  const size = typeof value === "string" || typeof value === "number"
    ? parseQuantity(value)
    : undefined;
  if (value !== undefined && (size === undefined || size.nanos < 0n)) {
    source.member("sizeLimit").forbidden("must be a quantity that is not negative");
  }
}

function checkHostPath(source: Field): void {
  requires("path")(source);
  checkNoBacksteps(source.member("path"));
  checkOptionalOneOf(source.member("type"), HOST_PATH_TYPES);
}

function checkFiles(source: Field, nameField: "secretName" | "name"): void {
  requires(nameField)(source);
  checkMode(source.member("defaultMode"));
  checkKeyPaths(source.member("items"));
}

function checkDownwardApi(source: Field): void {
  checkMode(source.member("defaultMode"));
  checkDownwardFiles(source.member("items"));
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateCSIDriverName` */
function checkCsi(source: Field): void {
  const driver = source.member("driver");
  const name = driver.text();
  if (name === "") driver.required();
  else if (name.length > MAX_CSI_DRIVER_LENGTH) {
    driver.tooLong(`must have at most ${MAX_CSI_DRIVER_LENGTH} characters`);
  } else if (subdomainProblem(name.toLowerCase()) !== undefined) {
    driver.invalid("must be a DNS name");
  }
  const secret = source.member("nodePublishSecretRef");
  if (!secret.isSet) return;
  const secretName = secret.member("name");
  if (secretName.text() === "") return secretName.required();
  const problem = subdomainProblem(secretName.text());
  if (problem !== undefined) secretName.invalid(problem);
}

function checkImage(source: Field): void {
  requires("reference")(source);
  checkOptionalOneOf(source.member("pullPolicy"), ["Always", "IfNotPresent", "Never"]);
}

const ONE_POD = "ReadWriteOncePod";
const ACCESS_MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", ONE_POD];
const VOLUME_MODES = ["Block", "Filesystem"];

/**
 * A generic ephemeral volume.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidatePersistentVolumeClaimSpec`
 */
function checkEphemeral(source: Field): void {
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
