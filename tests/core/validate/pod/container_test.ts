import { type Case, testCases, validContainer } from "../fixtures.ts";

const FIRST = "spec/containers/0";
const FIELD = "spec.containers[0]";
const INIT = "spec.initContainers[0]";
const probe = { tcpSocket: { port: 80 }, successThreshold: 1 };

function init(changes: Record<string, unknown>) {
  return { "spec/initContainers": [validContainer({ name: "init", ...changes })] };
}

const names: [string, string[]][] = [
  ["", ["Required"]],
  ["Agent", ["Invalid"]],
  ["agent-", ["Invalid"]],
  ["a.b", ["Invalid"]],
  ["a".repeat(63), []],
  ["a".repeat(64), ["Invalid"]],
];

testCases([
  ...names.map(([name, reasons]): Case => [
    `${reasons.length > 0 ? "refuses" : "allows"} the container name "${name}"`,
    { [`${FIRST}/name`]: name },
    reasons.map((reason) => `${reason} ${FIELD}.name`),
  ]),
  ["requires a name and an image", {
    [`${FIRST}/name`]: undefined,
    [`${FIRST}/image`]: undefined,
  }, [`Required ${FIELD}.name`, `Required ${FIELD}.image`]],
  ["refuses a padded image", { [`${FIRST}/image`]: "a " }, [`Invalid ${FIELD}.image`]],
  ["refuses the same name twice", { "spec/containers/1": validContainer() }, [
    "Duplicate spec.containers[1].name",
  ]],
  ["refuses an init container with a container's name", init({ name: "agent" }), [
    `Duplicate ${INIT}.name`,
  ]],
  ["allows policies by the API server's defaults", {
    [`${FIRST}/imagePullPolicy`]: undefined,
    [`${FIRST}/terminationMessagePolicy`]: "",
  }, []],
  ["refuses policies that are none", {
    [`${FIRST}/imagePullPolicy`]: "Sometimes",
    [`${FIRST}/terminationMessagePolicy`]: "Log",
  }, [`NotSupported ${FIELD}.imagePullPolicy`, `NotSupported ${FIELD}.terminationMessagePolicy`]],
  [
    "allows probes of a native sidecar",
    init({
      restartPolicy: "Always",
      livenessProbe: probe,
      readinessProbe: probe,
      startupProbe: probe,
      lifecycle: { postStart: { exec: { command: ["true"] } } },
    }),
    [],
  ],
  [
    "refuses probes and hooks of an ordinary init container",
    init({
      livenessProbe: probe,
      readinessProbe: probe,
      startupProbe: probe,
      lifecycle: {},
    }),
    [
      `Forbidden ${INIT}.livenessProbe`,
      `Forbidden ${INIT}.readinessProbe`,
      `Forbidden ${INIT}.startupProbe`,
      `Forbidden ${INIT}.lifecycle`,
    ],
  ],
]);
