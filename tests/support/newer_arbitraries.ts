import fc from "fast-check";
import { few, mostly, optional } from "./mostly_valid.ts";

/** Fields and values of containers that Kubernetes takes since a version of 1.30 to 1.37. */

/** `IsRelaxedEnvVarName` (1.32). */
export const envName = mostly(
  ["A", "B_1", "a b", "1A", "..A", ".", "Logging:LogLevel:Default", "%$!{}", "~", " "],
  ["", "a=b", "=", "a\tb", "gr\u00f6\u00dfe", "\u007f"],
);

const exitCodes = optional({
  operator: mostly(["In", "NotIn"], ["", "Is", "in"]),
  values: mostly<unknown>([[1], [0, 255], [], [-1]], [Array(256).fill(1)]),
}, ["operator"]);
const rule = optional({
  action: mostly(["Restart", "RestartAllContainers"], ["", "Stop", "restart"]),
  exitCodes,
}, ["action", "exitCodes"]);
const rules = fc.oneof(
  { weight: 20, arbitrary: few(rule) },
  {
    weight: 1,
    arbitrary: fc.constant(
      Array.from({ length: 21 }, () => ({
        action: "Restart",
        exitCodes: { operator: "In", values: [1] },
      })),
    ),
  },
  { weight: 1, arbitrary: fc.constant([{ action: "Restart" }]) },
);

/** A container's own restart policy (1.34); rules without a policy are a mistake. */
export const restart = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 8,
    arbitrary: optional({
      restartPolicy: mostly(["Always", "OnFailure", "Never"], ["", "Sometimes"]),
      restartPolicyRules: rules,
    }, ["restartPolicy"]),
  },
  { weight: 1, arbitrary: optional({ restartPolicyRules: rules }) },
);

/** Of any container (1.33); only containers that keep running can be restarted by a resize. */
export const resizePolicy = few(optional({
  resourceName: mostly(["cpu", "memory"], ["", "disk"]),
  restartPolicy: mostly(["NotRequired", "RestartContainer"], ["", "Never"]),
}, ["resourceName", "restartPolicy"]));

/** `fileKeyRef` (1.34). */
export const fileKeyRef = optional({
  volumeName: mostly(["scratch"], ["", "Scratch", "claim"]),
  path: mostly(["a.env", "x/y"], ["", "../up", "a/../b"]),
  key: mostly(["KEY", "a b"], ["", "a=b"]),
  optional: fc.boolean(),
}, ["volumeName", "path", "key"]);

/** Fields that the API server drops unless a feature gate is on, so that they may hold anything of their type. */
export const droppedOfHttp = { protocol: fc.constantFrom("HTTP1", "HTTP2", "HTTP3") };
export const droppedOfGrpc = { mode: fc.constantFrom("Plaintext", "TLS", "x") };
export const droppedOfMount = { bindMountOptions: fc.constantFrom(["noexec"], ["x", "x"]) };
export const droppedOfLifecycle = { stopSignal: fc.constantFrom("SIGTERM", "SIGFOO") };
export const droppedOfEmptyDir = { mode: fc.constantFrom(0o1777, -1) };

/** The upper limit of a sleep is the Pod's own. */
export const sleep = mostly<unknown>([{ seconds: 0 }, { seconds: 5 }, { seconds: 45 }, {}], [{
  seconds: -1,
}]);
