import { testCases } from "../fixtures.ts";

const SOURCES = "spec.volumes[0].projected.sources";
const item = { key: "k", path: "a/b" };

function projecting(...sources: unknown[]) {
  return { "spec/volumes": [{ name: "v", projected: { sources } }] };
}

testCases([
  [
    "allows a projected volume",
    projecting(
      { secret: { name: "s", items: [item] } },
      { configMap: { name: "c" } },
      { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
      { clusterTrustBundle: { name: "bundle", path: "ca.pem" } },
      { podCertificate: { signerName: "a.b/c", keyType: "ED25519", keyPath: "key.pem" } },
    ),
    [],
  ],
  [
    "refuses two projections to one file",
    projecting(
      { secret: { name: "s", items: [item] } },
      { configMap: { name: "c", items: [item] } },
    ),
    [`Invalid ${SOURCES}[1].configMap.items[0].path`],
  ],
  [
    "refuses a projection of two types",
    projecting({
      secret: { name: "s" },
      configMap: { name: "c" },
    }),
    [`Forbidden ${SOURCES}[0]`],
  ],
  [
    "refuses a token that lasts nine minutes or has no path",
    projecting({
      serviceAccountToken: { expirationSeconds: 540 },
    }),
    [
      `Invalid ${SOURCES}[0].serviceAccountToken.expirationSeconds`,
      `Required ${SOURCES}[0].serviceAccountToken.path`,
    ],
  ],
  [
    "refuses a trust bundle by name and by signer",
    projecting({
      clusterTrustBundle: { name: "a", signerName: "a.b/c", path: "ca.pem" },
    }),
    [`Invalid ${SOURCES}[0].clusterTrustBundle`],
  ],
  ["requires a file of a certificate", projecting({ podCertificate: {} }), [
    `Required ${SOURCES}[0].podCertificate`,
    `Required ${SOURCES}[0].podCertificate.signerName`,
    `Required ${SOURCES}[0].podCertificate.keyType`,
  ]],
  [
    "refuses a certificate that lasts longer than its signer allows",
    projecting(...["a.kubernetes.io/x", "example.com/x"].map((signerName, i) => ({
      podCertificate: {
        signerName,
        keyType: "ED25519",
        keyPath: `key-${i}.pem`,
        maxExpirationSeconds: 86401,
      },
    }))),
    [`Invalid ${SOURCES}[0].podCertificate.maxExpirationSeconds`],
  ],
  [
    "refuses signers and bundles that are no names",
    projecting(
      { podCertificate: { signerName: "signer/x", keyType: "RSA1024", keyPath: "a" } },
      { clusterTrustBundle: { name: "example.com:signer:Bundle", path: "b" } },
      { clusterTrustBundle: { signerName: "example.com", path: "c" } },
    ),
    [
      `Invalid ${SOURCES}[0].podCertificate.signerName`,
      `NotSupported ${SOURCES}[0].podCertificate.keyType`,
      `Invalid ${SOURCES}[1].clusterTrustBundle.name`,
      `Invalid ${SOURCES}[2].clusterTrustBundle.signerName`,
    ],
  ],
]);
