import { type Case, testCases, validContainer } from "../fixtures.ts";

const CONTAINER = "spec.containers[0]";
const INIT = "spec.initContainers[0]";
const exitCodes = { operator: "In", values: [1, 42] };

function both(changes: Record<string, unknown>) {
  return {
    "spec/containers": [validContainer(changes)],
    "spec/initContainers": [validContainer({ name: "init", ...changes })],
  };
}

function inBoth(problems: readonly string[]): string[] {
  return problems.flatMap((problem) =>
    [CONTAINER, INIT].map((place) => problem.replace(" ", ` ${place}`))
  );
}

testCases([
  ...["Always", "OnFailure", "Never"].map((restartPolicy): Case => [
    `allows restartPolicy ${restartPolicy} of a container and of an init container`,
    both({ restartPolicy, restartPolicyRules: [{ action: "Restart", exitCodes }] }),
    [],
  ]),
  [
    "refuses a restart policy that is none",
    both({ restartPolicy: "Sometimes" }),
    inBoth([
      "NotSupported .restartPolicy",
    ]),
  ],
  [
    "refuses restart rules without a policy",
    both({ restartPolicyRules: [{ action: "Restart", exitCodes }] }),
    inBoth(["Required .restartPolicy"]),
  ],
  [
    "refuses restart rules that are none",
    both({
      restartPolicy: "Never",
      restartPolicyRules: [
        { action: "Stop", exitCodes: { operator: "Is" } },
        { action: "RestartAllContainers" },
        { action: "Restart", exitCodes: { operator: "In", values: ["1"] } },
      ],
    }),
    inBoth([
      "NotSupported .restartPolicyRules[0].action",
      "NotSupported .restartPolicyRules[0].exitCodes.operator",
      "Required .restartPolicyRules[1].exitCodes",
      "TypeInvalid .restartPolicyRules[2].exitCodes.values[0]",
    ]),
  ],
  [
    "refuses more restart rules and exit codes than the API server takes",
    both({
      restartPolicy: "Never",
      restartPolicyRules: Array.from({ length: 21 }, (_, i) => ({
        action: "Restart",
        exitCodes: { operator: "NotIn", values: i === 0 ? Array(256).fill(1) : [1] },
      })),
    }),
    inBoth(["TooLong .restartPolicyRules", "TooLong .restartPolicyRules[0].exitCodes.values"]),
  ],
  [
    "allows a native sidecar to be resized with a restart",
    {
      "spec/initContainers": [validContainer({
        name: "init",
        restartPolicy: "Always",
        resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }],
      })],
    },
    [],
  ],
  [
    "refuses to resize an ordinary init container with a restart",
    {
      "spec/initContainers": [validContainer({
        name: "init",
        resizePolicy: [
          { resourceName: "cpu", restartPolicy: "NotRequired" },
          { resourceName: "memory", restartPolicy: "RestartContainer" },
        ],
      })],
    },
    [`Invalid ${INIT}.resizePolicy[1].restartPolicy`],
  ],
]);
