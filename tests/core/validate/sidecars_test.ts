import { type Changes, testCases, validContainer } from "./fixtures.ts";

const FIRST = "spec/containers/0";
const FIRST_FIELD = "spec.containers[0]";
const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "registry.test/empty:1" };
const policy = {
  targetContainersMode: "sum",
  targetContainersNameRegex: ".*",
  resourcesExpr: { limits: { cpu: "cpu*50%" } },
};

function transferring(fieldRef: unknown): Changes {
  return {
    [`${FIRST}/transferEnv`]: [{ sourceContainerNameFrom: { fieldRef }, envName: "A" }],
  };
}
const FIELD_REF = `${FIRST_FIELD}.transferEnv[0].sourceContainerNameFrom.fieldRef`;

testCases([
  ["requires a container", { "spec/containers": [] }, ["Required spec.containers"]],
  ["allows only init containers", {
    "spec/containers": undefined,
    "spec/initContainers": [validContainer()],
  }, []],
  ["allows a native sidecar with RollingUpdate", {
    "spec/initContainers": [validContainer({ name: "proxy", restartPolicy: "Always" })],
  }, []],
  ["refuses values outside the enums", {
    [`${FIRST}/podInjectPolicy`]: "Middle",
    [`${FIRST}/shareVolumePolicy/type`]: "yes",
    [`${FIRST}/shareVolumeDevicePolicy/type`]: "yes",
    [`${FIRST}/upgradeStrategy/upgradeType`]: "Warm",
    [`${FIRST}/completionPolicy`]: "Never",
    "spec/failurePolicy": "Maybe",
    "spec/conflictPolicy": "Maybe",
    "spec/missedPodPolicy": "Maybe",
  }, [
    `NotSupported ${FIRST_FIELD}.podInjectPolicy`,
    `NotSupported ${FIRST_FIELD}.shareVolumePolicy.type`,
    `NotSupported ${FIRST_FIELD}.shareVolumeDevicePolicy.type`,
    `NotSupported ${FIRST_FIELD}.upgradeStrategy.upgradeType`,
    `NotSupported ${FIRST_FIELD}.completionPolicy`,
    "NotSupported spec.failurePolicy",
    "NotSupported spec.conflictPolicy",
    "NotSupported spec.missedPodPolicy",
  ]],
  ["wants the defaults applied", {
    [`${FIRST}/podInjectPolicy`]: undefined,
    [`${FIRST}/shareVolumePolicy`]: undefined,
  }, [
    `Required ${FIRST_FIELD}.podInjectPolicy`,
    `Required ${FIRST_FIELD}.shareVolumePolicy.type`,
  ]],
  ["refuses completionPolicy for an init container", {
    "spec/initContainers": [
      validContainer({ name: "init", completionPolicy: "TerminateWithMain" }),
    ],
  }, ["Forbidden spec.initContainers[0].completionPolicy"]],

  ["allows a hot upgrade with an empty image", { [`${FIRST}/upgradeStrategy`]: hot }, []],
  ["requires an empty image for a hot upgrade", {
    [`${FIRST}/upgradeStrategy`]: { upgradeType: "HotUpgrade" },
  }, [`Required ${FIRST_FIELD}.upgradeStrategy.hotUpgradeEmptyImage`]],
  ["refuses a name of 62 characters for a hot upgrade", {
    [`${FIRST}/upgradeStrategy`]: hot,
    [`${FIRST}/name`]: "a".repeat(62),
  }, [`Invalid ${FIRST_FIELD}.name`]],
  ["refuses a container with a name that a hot upgrade makes", {
    [`${FIRST}/upgradeStrategy`]: hot,
    "spec/initContainers": [validContainer({ name: "agent-2" })],
  }, [`Duplicate ${FIRST_FIELD}.name`]],

  [
    "allows a container's name from a label",
    transferring({
      apiVersion: "v1",
      fieldPath: "metadata.labels['main']",
    }),
    [],
  ],
  [
    "allows a container's name from an annotation with capital letters",
    transferring({
      apiVersion: "v1",
      fieldPath: "metadata.annotations['Example.com/Main']",
    }),
    [],
  ],
  [
    "refuses a container's name from another field",
    transferring({
      apiVersion: "v1",
      fieldPath: "metadata.name",
    }),
    [`Invalid ${FIELD_REF}.fieldPath`],
  ],
  [
    "refuses a subscript of another field",
    transferring({
      apiVersion: "v1",
      fieldPath: "spec.nodeName['a']",
    }),
    [`Invalid ${FIELD_REF}.fieldPath`],
  ],
  [
    "refuses a label that no Pod can have",
    transferring({
      apiVersion: "v1",
      fieldPath: "metadata.labels['bad key']",
    }),
    [`Invalid ${FIELD_REF}.fieldPath`],
  ],
  [
    "refuses a field of another API version",
    transferring({
      apiVersion: "v2",
      fieldPath: "metadata.labels['main']",
    }),
    [`Invalid ${FIELD_REF}.fieldPath`],
  ],
  ["refuses an empty field reference", transferring({}), [
    `Required ${FIELD_REF}.apiVersion`,
    `Required ${FIELD_REF}.fieldPath`,
  ]],
  ["refuses a null field reference", transferring(null), [`Required ${FIELD_REF}`]],
  ["refuses transferEnv without a source", { [`${FIRST}/transferEnv`]: [{ envName: "A" }] }, [
    `Required ${FIRST_FIELD}.transferEnv[0].sourceContainerName`,
  ]],

  ["allows a resources policy", { [`${FIRST}/resourcesPolicy`]: policy }, []],
  ["refuses a resources policy of an ordinary init container", {
    "spec/initContainers": [validContainer({ name: "init", resourcesPolicy: policy })],
  }, ["Invalid spec.initContainers[0].resourcesPolicy"]],
  ["allows a resources policy of a native sidecar", {
    "spec/initContainers": [
      validContainer({ name: "proxy", restartPolicy: "Always", resourcesPolicy: policy }),
    ],
  }, []],
  ["refuses a resources policy beside resources", {
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
