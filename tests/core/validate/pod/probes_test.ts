import { type Case, testCases } from "../fixtures.ts";

const FIRST = "spec/containers/0";
const FIELD = "spec.containers[0]";
const tcpSocket = { port: 80 };

const probes: [string, string, unknown, string[]][] = [
  ["a full HTTP probe", "livenessProbe", {
    httpGet: { path: "/", port: "http", scheme: "HTTP", httpHeaders: [{ name: "A-b", value: "" }] },
    successThreshold: 1,
  }, []],
  ["a gRPC probe", "startupProbe", { grpc: { port: 1 }, successThreshold: 1 }, []],
  ["a command", "readinessProbe", { exec: { command: ["true"] } }, []],
  ["a probe without handler", "livenessProbe", { successThreshold: 1 }, ["Required "]],
  ["a probe with two handlers", "livenessProbe", {
    exec: { command: ["true"] },
    tcpSocket,
    successThreshold: 1,
  }, ["Forbidden .tcpSocket"]],
  ["an HTTP probe by the defaults", "startupProbe", { httpGet: { port: 80 } }, []],
  ["a TCP probe by the defaults", "startupProbe", { tcpSocket, successThreshold: 0 }, []],
  ["a gRPC probe by the defaults", "livenessProbe", { grpc: { port: 1 } }, []],
  ["a command by the defaults", "startupProbe", { exec: { command: ["true"] } }, []],
  ["a scheme that is none", "startupProbe", { httpGet: { port: 80, scheme: "http" } }, [
    "NotSupported .httpGet.scheme",
  ]],
  ["a header that is none", "readinessProbe", {
    httpGet: { path: "/", port: 80, scheme: "HTTPS", httpHeaders: [{ name: "a b" }] },
  }, ["Invalid .httpGet.httpHeaders[0].name"]],
  ["ports that are none", "readinessProbe", { tcpSocket: { port: 0 } }, [
    "Invalid .tcpSocket.port",
  ]],
  ["a port name that is none", "readinessProbe", { tcpSocket: { port: "80" } }, [
    "Invalid .tcpSocket.port",
  ]],
  ["a command of nothing", "readinessProbe", { exec: {} }, ["Required .exec.command"]],
  ["fields that the API server may drop", "readinessProbe", {
    httpGet: { port: 80, scheme: "HTTPS", protocol: "HTTP2" },
  }, []],
  ["a gRPC mode that the API server may drop", "readinessProbe", {
    grpc: { port: 1, mode: "Newer" },
  }, []],
  ["negative numbers", "readinessProbe", { tcpSocket, periodSeconds: -1, failureThreshold: -1 }, [
    "Invalid .periodSeconds",
    "Invalid .failureThreshold",
  ]],
  ["two successes of a liveness probe", "livenessProbe", { tcpSocket, successThreshold: 2 }, [
    "Invalid .successThreshold",
  ]],
  ["a grace period of zero", "livenessProbe", {
    tcpSocket,
    successThreshold: 1,
    terminationGracePeriodSeconds: 0,
  }, ["Invalid .terminationGracePeriodSeconds"]],
  ["a grace period of a readiness probe", "readinessProbe", {
    tcpSocket,
    terminationGracePeriodSeconds: 5,
  }, ["Invalid .terminationGracePeriodSeconds"]],
];

testCases(probes.map(([what, name, probe, expected]): Case => [
  `${expected.length > 0 ? "refuses" : "allows"} ${what}`,
  { [`${FIRST}/${name}`]: probe },
  expected.map((text) => text.replace(" ", ` ${FIELD}.${name}`)),
]));

testCases([
  ["allows a short sleep before the end", {
    [`${FIRST}/lifecycle/preStop`]: { sleep: { seconds: 5 } },
  }, []],
  ["allows a sleep that needs a longer grace period than the default", {
    [`${FIRST}/lifecycle/preStop`]: { sleep: { seconds: 31 } },
  }, []],
  ["refuses a negative sleep", {
    [`${FIRST}/lifecycle/preStop`]: { sleep: { seconds: -1 } },
  }, [`Invalid ${FIELD}.lifecycle.preStop.sleep.seconds`]],
  ["refuses an empty hook", { [`${FIRST}/lifecycle/postStart`]: {} }, [
    `Required ${FIELD}.lifecycle.postStart`,
  ]],
]);
