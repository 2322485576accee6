import { testCases } from "./fixtures.ts";

testCases([
  ["allows a valid SidecarSet", {}, []],
  ["allows a name of 63 characters", { "metadata/name": "a".repeat(63) }, []],
  ["refuses a name of 64 characters", { "metadata/name": "a".repeat(64) }, [
    "Invalid metadata.name",
  ]],
  ["refuses a name with a dot", { "metadata/name": "a.b" }, ["Invalid metadata.name"]],
  ["requires a name", { "metadata/name": undefined }, ["Required metadata.name"]],
  ["refuses a namespace", { "metadata/namespace": "shop" }, ["Forbidden metadata.namespace"]],
  ["refuses labels that Kubernetes refuses", { "metadata/labels": { "-a": "x", b: "no good" } }, [
    "Invalid metadata.labels[-a]",
    "Invalid metadata.labels[b]",
  ]],
  ["allows capital letters in an annotation's prefix", {
    "metadata/annotations": { "Example.com/Key": "any text" },
  }, []],
  ["refuses an annotation key with a space", { "metadata/annotations": { "a b": "" } }, [
    "Invalid metadata.annotations[a b]",
  ]],
  ["refuses more than 256 KiB of annotations, counted in bytes", {
    "metadata/annotations": { a: "é".repeat(131_072) },
  }, ["TooLong metadata.annotations"]],
  ["allows a custom version that is a label value", { "spec/customVersion": "v1.2_3" }, []],
  ["refuses a custom version that is no label value", { "spec/customVersion": "v 1" }, [
    "Invalid spec.customVersion",
  ]],
]);
