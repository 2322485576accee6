import { subdomainProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkSelector } from "../selectors.ts";
import { checkLocalPath, checkOneOf, isDnsLabel } from "../syntax.ts";
import { checkDownwardFiles, checkFilePath, checkKeyPaths, checkMode } from "./volume_files.ts";

const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;

const SOURCE_CHECKS: Readonly<Record<string, (source: Field) => void>> = {
  secret: checkNamedObject,
  configMap: checkNamedObject,
  downwardAPI: (source) => checkDownwardFiles(source.member("items")),
  serviceAccountToken: checkToken,
  clusterTrustBundle: checkTrustBundle,
  podCertificate: checkPodCertificate,
};

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateProjectionSources` */
export function checkProjected(projected: Field): void {
  checkMode(projected.member("defaultMode"));
  const paths = new Set<string>();
  for (const source of projected.member("sources").items()) {
    const types = source.entries().filter(([, value]) => value.isSet).map(([type]) => type);
    if (types.length > 1) {
      source.forbidden("must have one type only: split it into several sources");
    }
    for (const type of types) {
      const value = source.member(type);
      if (Object.hasOwn(SOURCE_CHECKS, type)) SOURCE_CHECKS[type]?.(value);
      for (const path of filePaths(value)) {
        if (paths.has(path.text())) path.invalid("must be unique in the volume");
        paths.add(path.text());
      }
    }
  }
}

/** File paths of a source except a token's, which Kubernetes does not compare. */
function filePaths(source: Field): Field[] {
  const isToken = source.path.endsWith(".serviceAccountToken");
  return [
    ...source.member("items").items().map((item) => item.member("path")),
    ...(isToken ? [] : ["path", ...CERTIFICATE_PATHS].map((name) => source.member(name))),
  ].filter((path) => path.isSet && path.text() !== "");
}

function checkNamedObject(source: Field): void {
  const name = source.member("name");
  if (name.text() === "") name.required();
  checkKeyPaths(source.member("items"));
}

function checkToken(token: Field): void {
  const seconds = token.member("expirationSeconds");
  if (!seconds.isSet) seconds.required();
  else if (seconds.integer() < MIN_TOKEN_SECONDS || seconds.integer() > MAX_TOKEN_SECONDS) {
    seconds.invalid(`must be between ${MIN_TOKEN_SECONDS} and ${MAX_TOKEN_SECONDS}`);
  }
  checkFilePath(token.member("path"));
}

const CERTIFICATE_PATHS = ["credentialBundlePath", "keyPath", "certificateChainPath"];

const KEY_TYPES = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];
const MIN_EXPIRATION_SECONDS = 3600;
const MAX_EXPIRATION_SECONDS = 91 * 24 * 3600;
/** Prefix of Kubernetes' own signers. */
const MAX_KUBERNETES_EXPIRATION_SECONDS = 24 * 3600;
const KUBERNETES_SIGNER = /^([^/]*\.)?kubernetes\.io\//;

/** A trust bundle, by its name or by its signer. */
function checkTrustBundle(bundle: Field): void {
  const name = bundle.member("name");
  const signerName = bundle.member("signerName");
  const labelSelector = bundle.member("labelSelector");
  if (name.isSet === signerName.isSet) bundle.invalid("must have either name or signerName");
  if (name.isSet) {
    // The part before the last colon is the signer.
    const problem = subdomainProblem(name.text().slice(name.text().lastIndexOf(":") + 1));
    if (problem !== undefined) name.invalid(problem);
    if (labelSelector.isSet) labelSelector.invalid("must not be set together with name");
  } else if (signerName.isSet) {
    checkSignerName(signerName);
    checkSelector(labelSelector);
  }
  checkFilePath(bundle.member("path"));
}

/** A certificate that the kubelet requests for the Pod. */
function checkPodCertificate(certificate: Field): void {
  const signerName = certificate.member("signerName");
  checkSignerName(signerName);
  checkOneOf(certificate.member("keyType"), KEY_TYPES);
  const seconds = certificate.member("maxExpirationSeconds");
  const most = KUBERNETES_SIGNER.test(signerName.text())
    ? MAX_KUBERNETES_EXPIRATION_SECONDS
    : MAX_EXPIRATION_SECONDS;
  if (seconds.isSet && (seconds.integer() < MIN_EXPIRATION_SECONDS || seconds.integer() > most)) {
    seconds.invalid(`must be between ${MIN_EXPIRATION_SECONDS} and ${most}`);
  }
  const paths = CERTIFICATE_PATHS.map((name) => certificate.member(name))
    .filter((path) => path.text() !== "");
  if (paths.length === 0) certificate.required(`must have one of ${CERTIFICATE_PATHS.join(", ")}`);
  for (const path of paths) checkLocalPath(path);
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/names.go:ValidateSignerName` */
function checkSignerName(field: Field): void {
  const text = field.text();
  if (text === "") return field.required();
  const [domain = "", name, ...more] = text.split("/");
  const labels = domain.split(".");
  const isValid = more.length === 0 && name !== undefined && labels.length > 1 &&
    labels.every(isDnsLabel) && subdomainProblem(domain) === undefined &&
    name.split(".").every((part) => subdomainProblem(part) === undefined);
  if (!isValid) field.invalid("must be a domain and a path such as example.com/signer-name");
}
