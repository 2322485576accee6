import type { Field } from "../field.ts";
import { checkDescendingPath, checkDnsLabel, checkOptionalOneOf } from "../syntax.ts";
import { checkFibreChannel, checkIscsi } from "./block_sources.ts";
import { checkSecretRef, requires, type SourceCheck } from "./source_check.ts";

const MAX_PARTITION = 255;
const MAX_TENANT_LENGTH = 64;
const CACHING_MODES = ["None", "ReadOnly", "ReadWrite"];
const DISK_KINDS = ["Dedicated", "Managed", "Shared"];
const RESERVED_DOMAIN = /(^|\.)(kubernetes|k8s)\.io$/;

/**
 * Required fields of sources that name a storage system.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateVolumeSource`
 */
export const STORAGE_CHECKS: readonly (readonly [string, SourceCheck])[] = [
  ["nfs", checkNfs],
  ["gitRepo", checkGitRepo],
  ["awsElasticBlockStore", checkDisk("volumeID")],
  ["gcePersistentDisk", checkDisk("pdName")],
  ["azureFile", requires("secretName", "shareName")],
  ["azureDisk", checkAzureDisk],
  ["cephfs", requires("monitors")],
  ["cinder", checkCinder],
  ["flexVolume", checkFlexVolume],
  ["glusterfs", requires("endpoints", "path")],
  ["photonPersistentDisk", requires("pdID")],
  ["portworxVolume", requires("volumeID")],
  ["quobyte", checkQuobyte],
  ["rbd", requires("monitors", "image")],
  ["scaleIO", requires("gateway", "system", "volumeName")],
  ["storageos", checkStorageOs],
  ["vsphereVolume", requires("volumePath")],
  ["iscsi", checkIscsi],
  ["flocker", checkFlocker],
  ["fc", checkFibreChannel],
];

function checkNfs(source: Field): void {
  requires("server", "path")(source);
  const path = source.member("path");
  if (!path.text().startsWith("/")) path.invalid("must be an absolute path");
}

function checkGitRepo(source: Field): void {
  requires("repository")(source);
  checkDescendingPath(source.member("directory"));
}

function checkDisk(nameField: string): SourceCheck {
  return (source) => {
    requires(nameField)(source);
    const partition = source.member("partition");
    if (partition.integer() < 0 || partition.integer() > MAX_PARTITION) {
      partition.invalid(`must be between 0 and ${MAX_PARTITION}`);
    }
  };
}

function checkFlocker(source: Field): void {
  const names = ["datasetName", "datasetUUID"].filter((name) => source.member(name).text() !== "");
  if (names.length === 0) source.required("must have datasetName or datasetUUID");
  if (names.length === 2) source.invalid("must have either datasetName or datasetUUID");
  const name = source.member("datasetName");
  if (name.text().includes("/")) name.invalid("must not contain '/'");
}

/** Without a kind the disk is a shared blob. */
function checkAzureDisk(source: Field): void {
  requires("diskName", "diskURI")(source);
  checkOptionalOneOf(source.member("cachingMode"), CACHING_MODES);
  const kind = source.member("kind");
  checkOptionalOneOf(kind, DISK_KINDS);
  const prefix = kind.text() === "Managed" ? "/subscriptions/" : "https://";
  const uri = source.member("diskURI");
  if (!uri.text().startsWith(prefix)) {
    uri.invalid(`must start with ${prefix} for a disk of kind ${kind.text() || "Shared"}`);
  }
}

function checkCinder(source: Field): void {
  requires("volumeID")(source);
  checkSecretRef(source);
}

function checkFlexVolume(source: Field): void {
  requires("driver")(source);
  for (const [key, option] of source.member("options").entries()) {
    const [domain = ""] = key.toLowerCase().split("/");
    if (RESERVED_DOMAIN.test(domain)) option.invalid("must not be in a domain of Kubernetes");
  }
}

function checkQuobyte(source: Field): void {
  requires("registry", "volume")(source);
  const registry = source.member("registry");
  if (registry.text() !== "" && !registry.text().split(",").every(isHostPort)) {
    registry.invalid("must be host:port pairs, separated by commas");
  }
  const tenant = source.member("tenant");
  if (tenant.text().length > MAX_TENANT_LENGTH) {
    tenant.tooLong(`must have at most ${MAX_TENANT_LENGTH} characters`);
  }
}

function isHostPort(text: string): boolean {
  return /^([^:[\]]*|\[[^[\]]*\]):[^:[\]]*$/.test(text);
}

function checkStorageOs(source: Field): void {
  checkDnsLabel(source.member("volumeName"));
  const namespace = source.member("volumeNamespace");
  if (namespace.text() !== "") checkDnsLabel(namespace);
  checkSecretRef(source);
}
