import { type Case, testCases } from "../fixtures.ts";

const FIRST = "spec/containers/0";
const FIELD = "spec.containers[0].resources";

const cases: [string, unknown, string[]][] = [
  ["allows requests up to limits", {
    requests: { cpu: "100m", memory: "64Mi", "ephemeral-storage": 1 },
    limits: { cpu: 1, memory: "64Mi" },
  }, []],
  ["refuses a request above its limit", { requests: { cpu: 2 }, limits: { cpu: "1" } }, [
    "Invalid .requests",
  ]],
  ["refuses a negative amount", { requests: { cpu: "-1" } }, ["Invalid .requests[cpu]"]],
  ["refuses what is no quantity", { limits: { memory: "64MB" } }, ["Invalid .limits[memory]"]],
  ["refuses a resource that is none", { limits: { gpu: 1 } }, ["Invalid .limits[gpu]"]],
  ["refuses a name that is none", { limits: { "a b": 1 } }, ["Invalid .limits[a b]"]],
  ["allows an extended resource with equal amounts", {
    requests: { "example.com/gpu": 1 },
    limits: { "example.com/gpu": 1 },
  }, []],
  ["refuses an extended resource without a limit", { requests: { "example.com/gpu": 1 } }, [
    "Required .limits",
  ]],
  ["refuses an extended resource below its limit", {
    requests: { "example.com/gpu": 1 },
    limits: { "example.com/gpu": 2 },
  }, ["Invalid .requests"]],
  ["refuses a part of an extended resource", { limits: { "example.com/gpu": "500m" } }, [
    "Invalid .limits[example.com/gpu]",
  ]],
  ["refuses a quota's name of a resource", { limits: { "requests.example.com/gpu": 1 } }, [
    "Invalid .limits[requests.example.com/gpu]",
  ]],
  [
    "allows huge pages together with memory",
    { limits: { memory: "1Gi", "hugepages-2Mi": "4Mi" } },
    [],
  ],
  ["refuses huge pages alone", { limits: { "hugepages-2Mi": "4Mi" } }, ["Forbidden "]],
  ["refuses a part of a huge page", { limits: { memory: "1Gi", "hugepages-2Mi": "3Mi" } }, [
    "Invalid .limits[hugepages-2Mi]",
  ]],
  ["allows resource claims, which are the Pods'", {
    claims: [{ name: "a" }, { name: "b", request: "x" }, { name: "b", request: "y" }],
  }, []],
  ["refuses resource claims without a name", { claims: [{ request: "x" }] }, [
    "Required .claims[0]",
  ]],
  ["refuses a resource claim twice", { claims: [{ name: "a" }, { name: "a", request: "x" }] }, [
    "Duplicate .claims[1]",
  ]],
  ["refuses a resource claim after one of its requests", {
    claims: [{ name: "a", request: "x" }, { name: "a" }],
  }, ["Duplicate .claims[1]"]],
  ["refuses a request of a resource claim with a wrong name", {
    claims: [{ name: "a", request: "X" }],
  }, ["Invalid .claims[0].request"]],
];

testCases([
  ...cases.map(([sentence, resources, expected]): Case => [
    sentence,
    { [`${FIRST}/resources`]: resources },
    expected.map((text) => text.replace(" ", ` ${FIELD}`)),
  ]),
  ["allows a resize policy", {
    [`${FIRST}/resizePolicy`]: [
      { resourceName: "cpu", restartPolicy: "NotRequired" },
      { resourceName: "memory", restartPolicy: "RestartContainer" },
    ],
  }, []],
  ["refuses a resize policy that repeats a resource or names none", {
    [`${FIRST}/resizePolicy`]: [
      { resourceName: "cpu", restartPolicy: "NotRequired" },
      { resourceName: "cpu", restartPolicy: "Never" },
      {},
    ],
  }, [
    "Duplicate spec.containers[0].resizePolicy[1].resourceName",
    "NotSupported spec.containers[0].resizePolicy[1].restartPolicy",
    "Required spec.containers[0].resizePolicy[2].resourceName",
    "Required spec.containers[0].resizePolicy[2].restartPolicy",
  ]],
]);
