import type { Field } from "../field.ts";
import { checkDescendingPath, checkDnsLabel, checkOptionalOneOf } from "../syntax.ts";

/** Validates one source of a volume. */
export type SourceCheck = (source: Field) => void;

/** A check for required non-empty strings and lists of a source. */
export function requires(...names: string[]): SourceCheck {
  return (source) => {
    for (const name of names) {
      const field = source.member(name);
      const isMissing = Array.isArray(field.value) ? field.value.length === 0 : field.text() === "";
      if (isMissing) field.required();
    }
  };
}

/** A reference to a Secret must name it where it is set. */
function checkSecretRef(source: Field): void {
  const secret = source.member("secretRef");
  if (secret.isSet) requires("name")(secret);
}

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

const MAX_LUN = 255;
/** Kubernetes' patterns unchanged: the first has no start anchor, the others an unescaped dot. */
const ISCSI_NAMES: readonly (readonly [string, RegExp])[] = [
  ["iqn", /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9.-]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[a-zA-Z0-9]{16}$/],
  ["naa", /^naa.[a-zA-Z0-9]{32}$/],
];

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateISCSIVolumeSource` */
function checkIscsi(source: Field): void {
  requires("targetPortal", "iqn")(source);
  const iqn = source.member("iqn");
  if (iqn.text() !== "") checkIscsiName(iqn);
  checkLun(source.member("lun"));
  const usesChap = ["chapAuthDiscovery", "chapAuthSession"].some((name) =>
    source.member(name).flag()
  );
  const secret = source.member("secretRef");
  if (usesChap && !secret.isSet) secret.required("must be set because CHAP is used");
  const initiator = source.member("initiatorName");
  if (initiator.isSet) checkIscsiName(initiator);
}

function checkIscsiName(name: Field): void {
  const [, pattern] = ISCSI_NAMES.find(([prefix]) => name.text().startsWith(prefix)) ?? [];
  if (!pattern?.test(name.text())) {
    name.invalid("must be a name such as iqn.2001-04.com.example:storage, eui. or naa.");
  }
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateFCVolumeSource` */
function checkFibreChannel(source: Field): void {
  const names = source.member("targetWWNs").items().length > 0;
  const ids = source.member("wwids").items().length > 0;
  if (!names && !ids) source.required("must have targetWWNs or wwids");
  if (names && ids) source.invalid("must have either targetWWNs or wwids");
  if (!names) return;
  const lun = source.member("lun");
  if (!lun.isSet) lun.required("must be set because targetWWNs are");
  checkLun(lun);
}

function checkLun(lun: Field): void {
  if (lun.integer() < 0 || lun.integer() > MAX_LUN) {
    lun.invalid(`must be between 0 and ${MAX_LUN}`);
  }
}
