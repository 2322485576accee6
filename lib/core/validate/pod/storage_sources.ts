import type { Field } from "../field.ts";
import { checkDescendingPath } from "../syntax.ts";

/** Says what is wrong with one source of a volume. */
export type SourceCheck = (source: Field) => void;

const MAX_PARTITION = 255;

/**
 * What each source must have that names a storage system.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateVolumeSource`
 */
export const STORAGE_CHECKS: readonly (readonly [string, SourceCheck])[] = [
  ["nfs", checkNfs],
  ["gitRepo", checkGitRepo],
  ["awsElasticBlockStore", checkDisk("volumeID")],
  ["gcePersistentDisk", checkDisk("pdName")],
  ["azureFile", requires("secretName", "shareName")],
  ["azureDisk", requires("diskName", "diskURI")],
  ["cephfs", requires("monitors")],
  ["cinder", requires("volumeID")],
  ["flexVolume", requires("driver")],
  ["glusterfs", requires("endpoints", "path")],
  ["photonPersistentDisk", requires("pdID")],
  ["portworxVolume", requires("volumeID")],
  ["quobyte", requires("registry", "volume")],
  ["rbd", requires("monitors", "image")],
  ["scaleIO", requires("gateway", "system", "volumeName")],
  ["vsphereVolume", requires("volumePath")],
  ["iscsi", checkIscsi],
  ["flocker", checkFlocker],
  ["fc", checkFibreChannel],
];

/** A check that texts and lists of a source are there and not empty. */
export function requires(...names: string[]): SourceCheck {
  return (source) => {
    for (const name of names) {
      const field = source.member(name);
      const isMissing = Array.isArray(field.value) ? field.value.length === 0 : field.text() === "";
      if (isMissing) field.required();
    }
  };
}

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

function checkIscsi(source: Field): void {
  requires("targetPortal", "iqn")(source);
  const iqn = source.member("iqn");
  if (iqn.text() !== "" && !/^(iqn|eui|naa)\./.test(iqn.text())) {
    iqn.invalid("must start with iqn., eui. or naa.");
  }
  const lun = source.member("lun");
  if (lun.integer() < 0 || lun.integer() > MAX_PARTITION) {
    lun.invalid(`must be between 0 and ${MAX_PARTITION}`);
  }
}

function checkFlocker(source: Field): void {
  const names = ["datasetName", "datasetUUID"].filter((name) => source.member(name).text() !== "");
  if (names.length === 0) source.required("must have datasetName or datasetUUID");
  if (names.length === 2) source.invalid("must have either datasetName or datasetUUID");
}

function checkFibreChannel(source: Field): void {
  const wwns = source.member("targetWWNs").items().length > 0;
  const wwids = source.member("wwids").items().length > 0;
  if (!wwns && !wwids) source.required("must have targetWWNs or wwids");
  if (wwns && wwids) source.invalid("must have either targetWWNs or wwids");
}
