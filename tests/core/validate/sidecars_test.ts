import { type Changes, testCases, validContainer } from "./fixtures.ts";

const FIRST = "spec/containers/0";
const FIRST_FIELD = "spec.containers[0]";
const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "registry.test/empty:1" };

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
    "spec/injectionStrategy": { mechanism: "Sidecar" },
  }, [
    `NotSupported ${FIRST_FIELD}.podInjectPolicy`,
    `NotSupported ${FIRST_FIELD}.shareVolumePolicy.type`,
    `NotSupported ${FIRST_FIELD}.shareVolumeDevicePolicy.type`,
    `NotSupported ${FIRST_FIELD}.upgradeStrategy.upgradeType`,
    `NotSupported ${FIRST_FIELD}.completionPolicy`,
    "NotSupported spec.failurePolicy",
    "NotSupported spec.conflictPolicy",
    "NotSupported spec.missedPodPolicy",
    "NotSupported spec.injectionStrategy.mechanism",
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
]);
