import {
  bool,
  type GoField,
  int,
  list,
  map,
  nullable,
  omittable,
  pointer,
  required,
  string,
  struct,
} from "./go_types.ts";

const secretRef = struct({ name: omittable(string) });

const fsType = omittable(string);
const readOnly = omittable(bool);

const disk = { fsType, partition: omittable(int), readOnly };

/** Volume sources that Kubernetes removed or moved to CSI drivers; its Go types still have them. */
export const legacyVolumeSources: Readonly<Record<string, GoField>> = {
  gcePersistentDisk: pointer(struct({ pdName: required(string), ...disk })),
  awsElasticBlockStore: pointer(struct({ volumeID: required(string), ...disk })),
  gitRepo: pointer(struct({
    repository: required(string),
    revision: omittable(string),
    directory: omittable(string),
  })),
  iscsi: pointer(struct({
    targetPortal: required(string),
    iqn: required(string),
    lun: required(int),
    iscsiInterface: omittable(string),
    fsType,
    readOnly,
    portals: omittable(list(string)),
    chapAuthDiscovery: omittable(bool),
    chapAuthSession: omittable(bool),
    secretRef: pointer(secretRef),
    initiatorName: pointer(string),
  })),
  glusterfs: pointer(struct({ endpoints: required(string), path: required(string), readOnly })),
  rbd: pointer(struct({
    monitors: required(list(string)),
    image: required(string),
    fsType,
    pool: omittable(string),
    user: omittable(string),
    keyring: omittable(string),
    secretRef: pointer(secretRef),
    readOnly,
  })),
  flexVolume: pointer(struct({
    driver: required(string),
    fsType,
    secretRef: pointer(secretRef),
    readOnly,
    options: omittable(map(string)),
  })),
  cinder: pointer(struct({
    volumeID: required(string),
    fsType,
    readOnly,
    secretRef: pointer(secretRef),
  })),
  cephfs: pointer(struct({
    monitors: required(list(string)),
    path: omittable(string),
    user: omittable(string),
    secretFile: omittable(string),
    secretRef: pointer(secretRef),
    readOnly,
  })),
  flocker: pointer(struct({ datasetName: omittable(string), datasetUUID: omittable(string) })),
  fc: pointer(struct({
    targetWWNs: omittable(list(string)),
    lun: pointer(int),
    fsType,
    readOnly,
    wwids: omittable(list(string)),
  })),
  azureFile: pointer(struct({
    secretName: required(string),
    shareName: required(string),
    readOnly,
  })),
  vsphereVolume: pointer(struct({
    volumePath: required(string),
    fsType,
    storagePolicyName: omittable(string),
    storagePolicyID: omittable(string),
  })),
  quobyte: pointer(struct({
    registry: required(string),
    volume: required(string),
    readOnly,
    user: omittable(string),
    group: omittable(string),
    tenant: omittable(string),
  })),
  azureDisk: pointer(struct({
    diskName: required(string),
    diskURI: required(string),
    cachingMode: pointer(string),
    fsType: pointer(string),
    readOnly: pointer(bool),
    kind: pointer(string),
  })),
  photonPersistentDisk: pointer(struct({ pdID: required(string), fsType })),
  portworxVolume: pointer(struct({ volumeID: required(string), fsType, readOnly })),
  scaleIO: pointer(struct({
    gateway: required(string),
    system: required(string),
    secretRef: nullable(secretRef),
    sslEnabled: omittable(bool),
    protectionDomain: omittable(string),
    storagePool: omittable(string),
    storageMode: omittable(string),
    volumeName: omittable(string),
    fsType,
    readOnly,
  })),
  storageos: pointer(struct({
    volumeName: omittable(string),
    volumeNamespace: omittable(string),
    fsType,
    readOnly,
    secretRef: pointer(secretRef),
  })),
};
