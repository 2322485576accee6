import { type Case, testCases } from "../fixtures.ts";

const VOLUME = "spec.volumes[0]";
const item = { key: "k", path: "a/b" };
const claimTemplate = {
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

/** What is valid, by source. */
const valid: Record<string, unknown> = {
  emptyDir: { sizeLimit: "1Gi" },
  hostPath: { path: "/a", type: "Directory" },
  secret: { secretName: "s", defaultMode: 420, items: [item] },
  configMap: { name: "c", items: [{ ...item, mode: 0 }] },
  downwardAPI: {
    items: [{ path: "a", fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } }],
  },
  persistentVolumeClaim: { claimName: "c" },
  ephemeral: { volumeClaimTemplate: claimTemplate },
  csi: { driver: "csi.example.com" },
  image: { reference: "registry.test/data:1", pullPolicy: "Always" },
  nfs: { server: "s", path: "/a" },
  gitRepo: { repository: "r", directory: "a" },
  awsElasticBlockStore: { volumeID: "v", partition: 255 },
  gcePersistentDisk: { pdName: "p" },
  azureFile: { secretName: "s", shareName: "s" },
  azureDisk: { diskName: "d", diskURI: "https://u" },
  cephfs: { monitors: ["m"] },
  cinder: { volumeID: "v" },
  flexVolume: { driver: "d" },
  glusterfs: { endpoints: "e", path: "p" },
  photonPersistentDisk: { pdID: "p" },
  portworxVolume: { volumeID: "v" },
  quobyte: { registry: "r:1", volume: "v" },
  rbd: { monitors: ["m"], image: "i" },
  scaleIO: { gateway: "g", system: "s", volumeName: "v" },
  vsphereVolume: { volumePath: "p" },
  iscsi: { targetPortal: "p", iqn: "iqn.2001-04.com.example:a", lun: 0 },
  flocker: { datasetName: "d" },
  fc: { targetWWNs: ["w"], lun: 0 },
  storageos: { volumeName: "v" },
  futureSource: { anything: true },
};
testCases(
  Object.entries(valid).map(([source, value]): Case => [
    `allows a volume from ${source}`,
    { "spec/volumes": [{ name: "v", [source]: value }] },
    [],
  ]),
);

const refused: [string, Record<string, unknown>, string[]][] = [
  ["with two sources", { emptyDir: {}, nfs: valid.nfs }, ["Forbidden .nfs"]],
  ["of a negative size", { emptyDir: { sizeLimit: "-1" } }, ["Forbidden .emptyDir.sizeLimit"]],
  ["from no path of the host", { hostPath: { path: "" } }, ["Required .hostPath.path"]],
  ["from a path of the host that climbs up", { hostPath: { path: "/a/../b", type: "Dir" } }, [
    "Invalid .hostPath.path",
    "NotSupported .hostPath.type",
  ]],
  ["from no Secret", { secret: { defaultMode: 512, items: [{ key: "", path: "/a", mode: -1 }] } }, [
    "Required .secret.secretName",
    "Invalid .secret.defaultMode",
    "Required .secret.items[0].key",
    "Invalid .secret.items[0].path",
    "Invalid .secret.items[0].mode",
  ]],
  ["from no ConfigMap", { configMap: { items: [{ key: "k", path: "..a" }] } }, [
    "Required .configMap.name",
    "Invalid .configMap.items[0].path",
  ]],
  ["of the Pod's fields without any", {
    downwardAPI: {
      items: [{ path: "a" }, { path: "b", resourceFieldRef: { resource: "limits.cpu" } }],
    },
  }, [
    "Required .downwardAPI.items[0]",
    "Required .downwardAPI.items[1].resourceFieldRef.containerName",
  ]],
  ["from a claim without a template", { ephemeral: {} }, [
    "Required .ephemeral.volumeClaimTemplate",
  ]],
  ["from a claim of nothing", { ephemeral: { volumeClaimTemplate: { spec: {} } } }, [
    "Required .ephemeral.volumeClaimTemplate.spec.accessModes",
    "Required .ephemeral.volumeClaimTemplate.spec.resources.requests",
  ]],
  ["from a driver that is no name", { csi: { driver: "a/b", nodePublishSecretRef: {} } }, [
    "Invalid .csi.driver",
    "Required .csi.nodePublishSecretRef.name",
  ]],
  ["from a relative path of a server", { nfs: { server: "s", path: "a" } }, ["Invalid .nfs.path"]],
  ["from a disk's partition 256", { gcePersistentDisk: { pdName: "p", partition: 256 } }, [
    "Invalid .gcePersistentDisk.partition",
  ]],
  ["from no monitor", { rbd: { monitors: [], image: "i" } }, ["Required .rbd.monitors"]],
  ["from a target that is no iSCSI name", { iscsi: { targetPortal: "p", iqn: "x", lun: 256 } }, [
    "Invalid .iscsi.iqn",
    "Invalid .iscsi.lun",
  ]],
  ["from two data sets", { flocker: { datasetName: "a", datasetUUID: "b" } }, ["Invalid .flocker"]],
  ["from no data set", { flocker: {} }, ["Required .flocker"]],
  ["from no port of a fabric", { fc: {} }, ["Required .fc"]],
  ["from a port of a fabric without a unit", { fc: { targetWWNs: ["w"] } }, ["Required .fc.lun"]],
  ["from a managed disk at another address", {
    azureDisk: { diskName: "d", diskURI: "https://u", kind: "Managed", cachingMode: "All" },
  }, ["Invalid .azureDisk.diskURI", "NotSupported .azureDisk.cachingMode"]],
  ["with an option in a domain of Kubernetes", {
    flexVolume: { driver: "d", options: { "a.k8s.io/x": "1" } },
  }, ["Invalid .flexVolume.options[a.k8s.io/x]"]],
  ["from a claim of other modes", {
    ephemeral: {
      volumeClaimTemplate: {
        spec: {
          accessModes: ["ReadWriteOncePod", "Sometimes"],
          resources: { requests: { storage: "0" } },
          storageClassName: "Fast",
          volumeMode: "Tape",
        },
      },
    },
  }, [
    "Forbidden .ephemeral.volumeClaimTemplate.spec.accessModes",
    "NotSupported .ephemeral.volumeClaimTemplate.spec.accessModes[1]",
    "Invalid .ephemeral.volumeClaimTemplate.spec.resources.requests[storage]",
    "Invalid .ephemeral.volumeClaimTemplate.spec.storageClassName",
    "NotSupported .ephemeral.volumeClaimTemplate.spec.volumeMode",
  ]],
];
testCases(refused.map(([what, source, expected]): Case => [
  `refuses a volume ${what}`,
  { "spec/volumes": [{ name: "v", ...source }] },
  expected.map((text) => text.replace(" ", ` ${VOLUME}`)),
]));

testCases([
  ["refuses a volume name twice", {
    "spec/volumes": [{ name: "v", emptyDir: {} }, { name: "v", emptyDir: {} }],
  }, ["Duplicate spec.volumes[1].name"]],
  ["refuses a volume name that is none", { "spec/volumes": [{ name: "V", emptyDir: {} }] }, [
    `Invalid ${VOLUME}.name`,
  ]],
  ["does not find a volume that is not valid itself", {
    "spec/volumes": [{ name: "v", hostPath: { path: "" } }],
    "spec/containers/0/volumeMounts": [{ name: "v", mountPath: "/v" }],
  }, [`Required ${VOLUME}.hostPath.path`, "NotFound spec.containers[0].volumeMounts[0].name"]],
]);
