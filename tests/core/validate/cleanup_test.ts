import { testCases, validContainer } from "./fixtures.ts";

const idle = { "spec/cleanupPolicy": { type: "Idle", idleImage: "registry.test/pause:1" } };
const probe = { tcpSocket: { port: 80 }, successThreshold: 1 };
const nativeSidecar = validContainer({
  name: "proxy",
  restartPolicy: "Always",
  livenessProbe: probe,
});

testCases([
  ["allows Idle with an idle image", idle, []],
  ["requires an idle image for Idle", { "spec/cleanupPolicy": { type: "Idle" } }, [
    "Required spec.cleanupPolicy.idleImage",
  ]],
  ["refuses a padded idle image", { "spec/cleanupPolicy": { type: "Idle", idleImage: " x" } }, [
    "Invalid spec.cleanupPolicy.idleImage",
  ]],
  ["refuses Idle for a container with a probe", {
    ...idle,
    "spec/containers/0/livenessProbe": probe,
  }, ["Forbidden spec.containers[0].livenessProbe"]],
  ["refuses Idle for a container with a lifecycle hook", {
    ...idle,
    "spec/containers/0/lifecycle": { preStop: { exec: { command: ["true"] } } },
  }, ["Forbidden spec.containers[0].lifecycle"]],
  ["refuses Idle for a native sidecar with a probe", {
    ...idle,
    "spec/initContainers": [nativeSidecar],
  }, ["Forbidden spec.initContainers[0].livenessProbe"]],
  ["allows Evict for a container with a probe", {
    "spec/cleanupPolicy": { type: "Evict" },
    "spec/containers/0/livenessProbe": probe,
  }, []],
  ["refuses a clean-up type that is none", { "spec/cleanupPolicy": { type: "Delete" } }, [
    "NotSupported spec.cleanupPolicy.type",
  ]],
]);
