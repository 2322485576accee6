import assert from "node:assert/strict";
import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { isStateConsistent } from "../../../lib/core/status/consistency.ts";
import { pod, type PodDetails } from "../rollout/scene.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const OTHER_DIGEST = `sha256:${"cd".repeat(32)}`;

function isConsistent(target: Pod): boolean {
  return isStateConsistent(target, "mesh", new Set(["agent"]));
}

function recording(imageID: string, details: PodDetails): Pod {
  const record = { mesh: { lastContainerStatuses: { agent: { imageID } } } };
  const annotations = { [INPLACE_UPDATE_STATE_ANNOTATION]: JSON.stringify(record) };
  return pod("a", { ...details, annotations });
}

function withImageId(target: Pod, imageID: string): Pod {
  const containerStatuses =
    target.status?.containerStatuses?.map((status) =>
      status.name === "agent" ? { ...status, imageID } : status
    ) ?? [];
  return { ...target, status: { ...target.status, containerStatuses } };
}

Deno.test("isStateConsistent() is true for a Pod that nothing was changed in", () => {
  assert.equal(isConsistent(pod("a")), true);
});

Deno.test("isStateConsistent() is false until the image id or the reported image changes", () => {
  const waiting = { image: "agent:2", runs: "agent:1" };
  assert.equal(isConsistent(recording("id of agent:1", waiting)), false);
  assert.equal(isConsistent(recording("id of agent:0", waiting)), true);
  assert.equal(isConsistent(recording("id of agent:2", { image: "agent:2" })), true);
});

Deno.test("isStateConsistent() is false where the record cannot be read", () => {
  const annotations = { [INPLACE_UPDATE_STATE_ANNOTATION]: "no JSON" };
  assert.equal(isConsistent(pod("a", { annotations })), false);
});

Deno.test("isStateConsistent() compares digests where the image is pinned by one", () => {
  const pinned = pod("a", { image: `registry.test/agent@${DIGEST}` });
  const cases: [string, boolean][] = [
    [`docker-pullable://registry.test/agent@${DIGEST}`, true],
    [`registry.test/agent@${DIGEST}`, true],
    [`registry.test/agent@${OTHER_DIGEST}`, false],
    [`registry.test/other@${DIGEST}`, false],
    [DIGEST, false],
    ["", false],
  ];
  for (const [imageId, expected] of cases) {
    assert.equal(isConsistent(withImageId(pinned, imageId)), expected, imageId);
  }
});

Deno.test("isStateConsistent() knows the long form of Docker Hub's short names", () => {
  const pinned = pod("a", { image: `agent@${DIGEST}` });
  assert.equal(isConsistent(withImageId(pinned, `docker.io/library/agent@${DIGEST}`)), true);
});

Deno.test("isStateConsistent() is false while a container has no status", () => {
  const target = pod("a");
  assert.equal(
    isConsistent({ ...target, status: { ...target.status, containerStatuses: [] } }),
    false,
  );
});

Deno.test("isStateConsistent() looks at native sidecars too", () => {
  const target = recording("id of agent:1", { image: "agent:2", runs: "agent:1" });
  const [main, agent] = target.spec.containers;
  const [mainStatus, agentStatus] = target.status?.containerStatuses ?? [];
  assert.ok(main && agent && mainStatus && agentStatus);
  const native = {
    ...target,
    spec: { containers: [main], initContainers: [{ ...agent, restartPolicy: "Always" }] },
    status: { containerStatuses: [mainStatus], initContainerStatuses: [agentStatus] },
  };
  assert.equal(isConsistent(native), false);
});
