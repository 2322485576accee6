import { testCases, validContainer } from "./fixtures.ts";

const FIRST = "spec/containers/0";
const FIRST_FIELD = "spec.containers[0]";
const policy = {
  targetContainersMode: "sum",
  targetContainersNameRegex: ".*",
  resourcesExpr: { limits: { cpu: "cpu*50%" } },
};

testCases([
  ["allows a resources policy", { [`${FIRST}/resourcesPolicy`]: policy }, []],
  ["refuses a resources policy of an ordinary init container", {
    "spec/initContainers": [validContainer({ name: "init", resourcesPolicy: policy })],
  }, ["Invalid spec.initContainers[0].resourcesPolicy"]],
  ["allows a resources policy of a native sidecar", {
    "spec/initContainers": [
      validContainer({ name: "proxy", restartPolicy: "Always", resourcesPolicy: policy }),
    ],
  }, []],
  ["refuses a resources policy together with resources", {
    [`${FIRST}/resourcesPolicy`]: policy,
    [`${FIRST}/resources/requests/cpu`]: "1",
  }, [`Invalid ${FIRST_FIELD}.resourcesPolicy`]],
  ["refuses a resources policy without expressions", {
    [`${FIRST}/resourcesPolicy`]: { ...policy, resourcesExpr: {} },
  }, [`Invalid ${FIRST_FIELD}.resourcesPolicy.resourcesExpr`]],
  ["requires a mode of a resources policy", {
    [`${FIRST}/resourcesPolicy`]: { ...policy, targetContainersMode: undefined },
  }, [`Required ${FIRST_FIELD}.resourcesPolicy.targetContainersMode`]],
]);

const expressions: [string, string, string][] = [
  ["cpu", "cpu - 2", "allows"],
  ["cpu", "max(cpu*50%, 50m)", "allows"],
  ["cpu", "", "allows"],
  ["memory", "0.5*memory+max(0,memory-2Gi)", "allows"],
  ["memory", "200Mi", "allows"],
  ["cpu", "cpu*cpu", "refuses"],
  ["cpu", "1/0", "refuses"],
  ["cpu", "max(cpu", "refuses"],
  ["cpu", "-1", "refuses"],
  ["cpu", "memory", "refuses"],
  ["memory", "cpu", "refuses"],
  ["memory", "100MB", "refuses"],
  ["memory", "MEMORY*50%", "refuses"],
];
testCases(expressions.map(([resource, expression, verb]) => [
  `${verb} the ${resource} expression "${expression}"`,
  {
    [`${FIRST}/resourcesPolicy`]: {
      ...policy,
      resourcesExpr: { requests: { [resource]: expression } },
    },
  },
  verb === "allows"
    ? []
    : [`Invalid ${FIRST_FIELD}.resourcesPolicy.resourcesExpr.requests.${resource}`],
]));

const regexes: [string, string | undefined, string[]][] = [
  ["allows a regular expression", "^app-.*$", []],
  ["allows one that a backtracking engine would not survive", "(a+)+$", []],
  ["refuses one that is not closed", "(", ["Invalid"]],
  ["refuses one with a look-ahead, which RE2 does not have", "(?=a)", ["Invalid"]],
  ["refuses one that repeats too often", "((x{1000}){1000}){1000}", ["Invalid"]],
  ["refuses one of 1,001 characters", "a".repeat(1_001), ["TooLong"]],
  ["requires one", "", ["Required"]],
];
testCases(regexes.map(([sentence, regex, reasons]) => [
  `as a regular expression ${sentence}`,
  { [`${FIRST}/resourcesPolicy`]: { ...policy, targetContainersNameRegex: regex } },
  reasons.map((reason) => `${reason} ${FIRST_FIELD}.resourcesPolicy.targetContainersNameRegex`),
]));
