import { parseQuantity } from "../../quantity/quantity.ts";
import { subdomainProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkNoBacksteps, checkOptionalOneOf } from "../syntax.ts";
import { checkEphemeral } from "./claim_template.ts";
import { checkProjected } from "./projected_volume.ts";
import { requires, type SourceCheck } from "./source_check.ts";
import { STORAGE_CHECKS } from "./storage_sources.ts";
import { checkDownwardFiles, checkKeyPaths, checkMode } from "./volume_files.ts";

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
export const SOURCE_CHECKS: ReadonlyMap<string, SourceCheck> = new Map<string, SourceCheck>([
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
