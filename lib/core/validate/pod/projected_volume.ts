import type { Field } from "../field.ts";
import { CERTIFICATE_PATHS, checkPodCertificate, checkTrustBundle } from "./identity_projection.ts";
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
