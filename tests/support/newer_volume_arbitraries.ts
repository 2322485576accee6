import fc from "fast-check";
import { mostly, optional } from "./mostly_valid.ts";

/** Sources of volumes that few versions or clusters have. */

const signerName = mostly(["example.com/signer", "kubernetes.io/kube-apiserver-client-pod"], [
  "",
  "signer",
  "example/x",
  "Example.com/x",
]);
const localPath = mostly(["bundle.pem", "a/b.pem"], ["", "/abs", "../up", "..x"]);

/** A source of a projected volume: trust bundles (1.37 without a gate) and certificates (1.35). */
export const newerProjection = fc.oneof(
  optional({
    clusterTrustBundle: fc.oneof(
      optional({
        name: mostly(["bundle", "example.com:signer:bundle"], ["", "Bundle", "a:b"]),
        path: localPath,
        optional: fc.boolean(),
      }, ["name", "path"]),
      optional({
        signerName,
        labelSelector: fc.constantFrom({}, { matchLabels: { a: "b" } }),
        path: localPath,
      }, ["signerName", "path"]),
      mostly<unknown>([{ name: "bundle", path: "x" }], [
        { path: "x" },
        { name: "a", signerName: "b.c/d", path: "x" },
        { name: "a", labelSelector: {}, path: "x" },
      ]),
    ),
  }, ["clusterTrustBundle"]),
  optional({
    podCertificate: optional({
      signerName,
      keyType: mostly(["ED25519", "RSA3072", "ECDSAP256"], ["", "RSA1024"]),
      maxExpirationSeconds: mostly([3600, 86400], [3599, 7862401]),
      credentialBundlePath: localPath,
      keyPath: mostly(["key.pem"], ["/abs"]),
    }, ["signerName", "keyType", "credentialBundlePath"]),
  }, ["podCertificate"]),
);

const claimSpec = optional({
  accessModes: mostly<unknown>([["ReadWriteOnce"], ["ReadOnlyMany", "ReadWriteMany"]], [
    [],
    ["ReadSometimes"],
    ["ReadWriteOncePod", "ReadWriteOnce"],
  ]),
  resources: mostly<unknown>([{ requests: { storage: "1Gi" } }], [
    {},
    { requests: { storage: "0" } },
    { requests: { storage: "-1" } },
  ]),
  storageClassName: mostly(["fast", ""], ["Not_Ok"]),
  volumeMode: mostly(["Filesystem", "Block"], ["Tape"]),
}, ["accessModes", "resources"]);

export const newerSource = fc.oneof(
  optional({
    ephemeral: mostly<unknown>([1], [2]).chain((kind) =>
      kind === 2
        ? fc.constant({})
        : optional({ volumeClaimTemplate: optional({ spec: claimSpec }, ["spec"]) }, [
          "volumeClaimTemplate",
        ])
    ),
  }, ["ephemeral"]),
  mostly<unknown>(
    [
      { azureDisk: { diskName: "d", diskURI: "https://x/y.vhd" } },
      { azureDisk: { diskName: "d", diskURI: "/subscriptions/x", kind: "Managed" } },
      { azureFile: { secretName: "s", shareName: "n" } },
      { cephfs: { monitors: ["a"] } },
      { fc: { targetWWNs: ["1"], lun: 0 } },
      { fc: { wwids: ["1"] } },
      { flexVolume: { driver: "a/b", options: { "example.com/x": "y" } } },
      { flocker: { datasetName: "d" } },
      { gitRepo: { repository: "r", directory: "d" } },
      { glusterfs: { endpoints: "e", path: "p" } },
      { iscsi: { targetPortal: "t", iqn: "eui.0123456789ABCDEF", lun: 0 } },
      { photonPersistentDisk: { pdID: "i" } },
      { portworxVolume: { volumeID: "v" } },
      { quobyte: { registry: "a:1,b:2", volume: "v" } },
      { rbd: { monitors: ["a"], image: "i" } },
      { scaleIO: { gateway: "g", system: "s", volumeName: "v", secretRef: { name: "s" } } },
      { storageos: { volumeName: "v", volumeNamespace: "n" } },
      { vsphereVolume: { volumePath: "p" } },
    ],
    [
      { azureDisk: { diskName: "d", diskURI: "/subscriptions/x" } },
      { azureDisk: { diskName: "d", diskURI: "https://x", cachingMode: "None", kind: "Other" } },
      { azureDisk: { diskName: "d", diskURI: "https://x", cachingMode: "x" } },
      { azureFile: { secretName: "s" } },
      { cephfs: { monitors: [] } },
      { cinder: { volumeID: "v", secretRef: {} } },
      { fc: { targetWWNs: ["1"] } },
      { fc: { targetWWNs: ["1"], lun: 256 } },
      { flexVolume: { driver: "a/b", options: { "kubernetes.io/x": "y" } } },
      { flocker: {} },
      { flocker: { datasetName: "a/b" } },
      { gitRepo: { repository: "r", directory: "../d" } },
      { iscsi: { targetPortal: "t", iqn: "iqn.x", lun: 0 } },
      { iscsi: { targetPortal: "t", iqn: "naa.1", lun: 0 } },
      {
        iscsi: {
          targetPortal: "t",
          iqn: "iqn.2001-04.a:b",
          lun: 0,
          chapAuthSession: true,
        },
      },
      {
        iscsi: { targetPortal: "t", iqn: "iqn.2001-04.a:b", lun: 0, initiatorName: "x" },
      },
      { quobyte: { registry: "a", volume: "v" } },
      { quobyte: { registry: "a:1", volume: "v", tenant: "t".repeat(65) } },
      { storageos: {} },
      { storageos: { volumeName: "V" } },
      { storageos: { volumeName: "v", volumeNamespace: "N" } },
      { storageos: { volumeName: "v", secretRef: {} } },
    ],
  ),
);
