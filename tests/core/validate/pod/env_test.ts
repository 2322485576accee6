import { type Case, testCases } from "../fixtures.ts";

const FIRST = "spec/containers/0";
const ENV = "spec.containers[0].env[0]";
const FROM = "spec.containers[0].envFrom[0]";

function fieldRef(fieldPath: string) {
  return { fieldRef: { apiVersion: "v1", fieldPath } };
}

const names: [string, string[]][] = [
  ["A_b.c-1", []],
  ["", ["Required"]],
  ["a b", []],
  ["1A", []],
  ["..A", []],
  ["Logging:LogLevel:Default", []],
  ["a=b", ["Invalid"]],
  ["a\tb", ["Invalid"]],
  ["größe", ["Invalid"]],
];
const sources: [string, unknown, string[]][] = [
  ["a field of the Pod", fieldRef("status.podIP"), []],
  ["a label", fieldRef("metadata.labels['app']"), []],
  ["an annotation with capitals", fieldRef("metadata.annotations['Example.com/A']"), []],
  ["a field that is not passed on", fieldRef("spec.containers"), [
    "NotSupported .fieldRef.fieldPath",
  ]],
  ["all labels", fieldRef("metadata.labels"), ["NotSupported .fieldRef.fieldPath"]],
  ["a field in the default version", { fieldRef: { fieldPath: "metadata.name" } }, []],
  ["a field in another version", { fieldRef: { apiVersion: "v2", fieldPath: "metadata.name" } }, [
    "Invalid .fieldRef.fieldPath",
  ]],
  ["a field without path", { fieldRef: { apiVersion: "v1" } }, ["Required .fieldRef.fieldPath"]],
  ["a resource", { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } }, []],
  ["huge pages", { resourceFieldRef: { resource: "limits.hugepages-2Mi", divisor: "1Mi" } }, []],
  ["a resource that is none", { resourceFieldRef: { resource: "limits.gpu" } }, [
    "NotSupported .resourceFieldRef.resource",
  ]],
  ["a divisor of bytes for cpu", { resourceFieldRef: { resource: "limits.cpu", divisor: "1Mi" } }, [
    "Invalid .resourceFieldRef.divisor",
  ]],
  ["a divisor that is none", { resourceFieldRef: { resource: "limits.cpu", divisor: "x" } }, [
    "Invalid .resourceFieldRef.divisor",
  ]],
  ["a key of a ConfigMap", { configMapKeyRef: { name: "a.b", key: "k_1" } }, []],
  ["a ConfigMap without name or key", { configMapKeyRef: {} }, [
    "Invalid .configMapKeyRef.name",
    "Required .configMapKeyRef.key",
  ]],
  ["a bad key of a Secret", { secretKeyRef: { name: "a", key: "../x" } }, [
    "Invalid .secretKeyRef.key",
  ]],
  ["a file", { fileKeyRef: { volumeName: "v", path: "a/b", key: "K" } }, []],
  ["a file outside its volume", { fileKeyRef: { volumeName: "v", path: "../b", key: "K" } }, [
    "Invalid .fileKeyRef.path",
  ]],
  ["a file of a volume that is no emptyDir", {
    fileKeyRef: { volumeName: "claim", path: "a", key: "K" },
  }, ["Invalid .fileKeyRef.volumeName"]],
  ["no source", {}, ["Invalid "]],
  ["two sources", { ...fieldRef("metadata.name"), secretKeyRef: { name: "a", key: "b" } }, [
    "Invalid ",
  ]],
];

testCases([
  ...names.map(([name, reasons]): Case => [
    `${reasons.length > 0 ? "refuses" : "allows"} the variable name "${name}"`,
    { [`${FIRST}/env`]: [{ name }] },
    reasons.map((reason) => `${reason} ${ENV}.name`),
  ]),
  ...sources.map(([what, valueFrom, expected]): Case => [
    `${expected.length > 0 ? "refuses" : "allows"} a variable from ${what}`,
    {
      [`${FIRST}/env`]: [{ name: "A", valueFrom }],
      "spec/volumes": [{ name: "claim", persistentVolumeClaim: { claimName: "c" } }],
    },
    expected.map((text) => text.replace(" ", ` ${ENV}.valueFrom`)),
  ]),
  ["refuses a variable with a value and a source", {
    [`${FIRST}/env`]: [{ name: "A", value: "1", valueFrom: fieldRef("metadata.name") }],
  }, [`Invalid ${ENV}.valueFrom`]],
  ["allows variables from a ConfigMap with a prefix", {
    [`${FIRST}/envFrom`]: [{ prefix: "A_", configMapRef: { name: "a" } }],
  }, []],
  ["refuses variables from nowhere and a bad prefix", {
    [`${FIRST}/envFrom`]: [{ prefix: "a=b" }],
  }, [`Invalid ${FROM}`, `Invalid ${FROM}.prefix`]],
  ["refuses variables from two sources at once", {
    [`${FIRST}/envFrom`]: [{ configMapRef: { name: "a" }, secretRef: { name: "" } }],
  }, [`Invalid ${FROM}`, `Required ${FROM}.secretRef.name`]],
]);
