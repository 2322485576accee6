import { subdomainProblem } from "../../select/label_syntax.ts";
import type { Field } from "../field.ts";
import { checkDnsLabel, checkEnvName, checkKeyName, checkNoBacksteps } from "../syntax.ts";
import { checkFieldRef, checkResourceFieldRef } from "./field_selectors.ts";
import type { VolumeSources } from "./mounts.ts";

const ENV_FIELD_PATHS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateEnv` */
export function checkEnv(env: Field, volumes: VolumeSources): void {
  for (const variable of env.items()) {
    const name = variable.member("name");
    if (name.text() === "") name.required();
    else checkEnvName(name);
    const valueFrom = variable.member("valueFrom");
    if (!valueFrom.isSet) continue;
    checkValueFrom(valueFrom, variable.member("value").text());
    const fileKeyRef = valueFrom.member("fileKeyRef");
    if (fileKeyRef.isSet) checkFileKeyRef(fileKeyRef, volumes);
  }
}

function checkValueFrom(valueFrom: Field, value: string): void {
  const sources = SOURCES.map((name) => valueFrom.member(name)).filter((source) => source.isSet);
  if (sources.length === 0) valueFrom.invalid(`must have one of ${SOURCES.join(", ")}`);
  else if (value !== "") valueFrom.invalid("must not be set together with a value");
  else if (sources.length > 1) valueFrom.invalid("must have one source only");

  const [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef] = SOURCES
    .map((name) => valueFrom.member(name));
  if (fieldRef?.isSet) checkFieldRef(fieldRef, ENV_FIELD_PATHS);
  if (resourceFieldRef?.isSet) checkResourceFieldRef(resourceFieldRef, { namesContainer: false });
  if (configMapKeyRef?.isSet) checkKeyRef(configMapKeyRef);
  if (secretKeyRef?.isSet) checkKeyRef(secretKeyRef);
}

function checkKeyRef(ref: Field): void {
  checkObjectName(ref.member("name"));
  checkKeyName(ref.member("key"));
}

/** The volume may also be an emptyDir of the Pod. */
function checkFileKeyRef(ref: Field, volumes: VolumeSources): void {
  const key = ref.member("key");
  if (key.text() === "") key.required();
  else checkEnvName(key);
  const volumeName = ref.member("volumeName");
  checkDnsLabel(volumeName);
  if ((volumes.get(volumeName.text()) ?? "emptyDir") !== "emptyDir") {
    volumeName.invalid("must name an emptyDir volume");
  }
  const path = ref.member("path");
  if (path.text() === "") path.required();
  else checkNoBacksteps(path);
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateEnvFrom` */
export function checkEnvFrom(envFrom: Field): void {
  for (const source of envFrom.items()) {
    const prefix = source.member("prefix");
    if (prefix.text() !== "") checkEnvName(prefix);
    const refs = [source.member("configMapRef"), source.member("secretRef")]
      .filter((ref) => ref.isSet);
    if (refs.length !== 1) source.invalid("must have either configMapRef or secretRef");
    for (const ref of refs) {
      const name = ref.member("name");
      if (name.text() === "") name.required();
      else checkObjectName(name);
    }
  }
}

/** The name of a ConfigMap or Secret; an empty one is invalid. */
function checkObjectName(name: Field): void {
  const problem = subdomainProblem(name.text());
  if (problem !== undefined) name.invalid(problem);
}
