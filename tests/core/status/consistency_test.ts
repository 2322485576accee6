import assert from "node:assert/strict";
import { INPLACE_UPDATE_STATE_ANNOTATION } from "../../../lib/api/names.ts";
import type { ContainerStatus, Pod } from "../../../lib/api/pod.ts";
import { RESTART_COUNTS_ANNOTATION } from "../../../lib/core/annotations/inplace_state.ts";
import { isStateConsistent } from "../../../lib/core/status/consistency.ts";
import { pod, type PodDetails } from "../rollout/scene.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const BEFORE = "2026-02-01T11:59:59Z";
const CHANGED_AT = "2026-02-01T12:00:00Z";
const AFTER = "2026-02-01T12:00:01Z";
const OTHER_DIGEST = `sha256:${"cd".repeat(32)}`;

function isConsistent(target: Pod): boolean {
  return isStateConsistent(target, "mesh", new Set(["agent"]));
}

function recording(imageID: string, details: PodDetails, updateTimestamp = ""): Pod {
  const record = { mesh: { updateTimestamp, lastContainerStatuses: { agent: { imageID } } } };
  const state = { [INPLACE_UPDATE_STATE_ANNOTATION]: JSON.stringify(record) };
  return pod("a", { ...details, annotations: { ...details.annotations, ...state } });
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

Deno.test("isStateConsistent() is true for a Pod that was never changed, whatever image id it reports", () => {
  const pinned = pod("a", { image: `registry.test/agent@${DIGEST}`, generation: 3 });
  const imageIds = [
    `docker-pullable://registry.test/agent@${DIGEST}`,
    `registry.test/agent@${OTHER_DIGEST}`,
    `mirror.test/agent@${DIGEST}`,
    OTHER_DIGEST,
    "cd".repeat(32),
    "",
  ];
  for (const imageId of imageIds) {
    assert.equal(isConsistent(withImageId(pinned, imageId)), true, imageId);
  }
});

/** A Pod changed to another image of the same content, with the container's status after that. */
function sameContent(
  { status = {}, annotations = {}, generation, observedGeneration }: {
    readonly status?: Partial<ContainerStatus>;
    readonly annotations?: Record<string, string>;
    readonly generation?: number;
    readonly observedGeneration?: number;
  },
): Pod {
  const changed = recording("id of agent:1", {
    image: "agent:latest",
    runs: "agent:1",
    annotations,
    ...(generation === undefined ? {} : { generation }),
  }, CHANGED_AT);
  const containerStatuses =
    changed.status?.containerStatuses?.map((each) =>
      each.name === "agent" ? { ...each, ...status } : each
    ) ?? [];
  return {
    ...changed,
    status: {
      ...changed.status,
      containerStatuses,
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
    },
  };
}

const running = (startedAt: string) => ({ state: { running: { startedAt } } });
const counting = (before: number, updateTimestamp = CHANGED_AT) => ({
  [RESTART_COUNTS_ANNOTATION]: JSON.stringify({
    mesh: { updateTimestamp, restartCounts: { agent: before } },
  }),
});

Deno.test("isStateConsistent() takes a higher restart count for a proof, whatever the node's clock says", () => {
  const annotations = counting(3);
  const status = (restartCount: number, startedAt: string) => ({
    restartCount,
    ...running(startedAt),
  });
  const restarted = sameContent({ annotations, status: status(4, BEFORE) });
  assert.equal(isConsistent(restarted), true);
  const same = sameContent({ annotations, status: status(3, BEFORE) });
  assert.equal(isConsistent(same), false);
  const atOnce = sameContent({ annotations, status: status(3, CHANGED_AT) });
  assert.equal(isConsistent(atOnce), false, "it may have been started just before the change");
  const reset = sameContent({ annotations, status: status(0, AFTER) });
  assert.equal(isConsistent(reset), true, "the node has forgotten the count");
});

Deno.test("isStateConsistent() does not take a crash for the restart that a change brings", () => {
  const crashed = { restartCount: 4, ...running(BEFORE) };
  const seen = { annotations: counting(3), status: crashed, generation: 2 };
  assert.equal(isConsistent(sameContent({ ...seen, observedGeneration: 1 })), false);
  assert.equal(isConsistent(sameContent({ ...seen, observedGeneration: 2 })), true);
});

Deno.test("isStateConsistent() proves a restart by its time where OpenKruise changed the Pod", () => {
  const cases: [Partial<ContainerStatus>, boolean][] = [
    [{ restartCount: 0, ...running(AFTER) }, true],
    [{ restartCount: 1, ...running(AFTER) }, true],
    [{ restartCount: 1, ...running(CHANGED_AT) }, true],
    [{ restartCount: 0, ...running(CHANGED_AT) }, false],
    [{ restartCount: 1, ...running(BEFORE) }, false],
    [{ restartCount: 1 }, false],
  ];
  for (const [status, expected] of cases) {
    assert.equal(isConsistent(sameContent({ status })), expected, JSON.stringify(status));
    const annotations = counting(0, "2025-12-31T00:00:00Z");
    assert.equal(
      isConsistent(sameContent({ status, annotations })),
      expected,
      `older counts do not count: ${JSON.stringify(status)}`,
    );
  }
});

Deno.test("isStateConsistent() needs more than the acknowledgement of the change", () => {
  const acknowledged = { generation: 2, observedGeneration: 2 };
  const old = { restartCount: 0, ...running(BEFORE) };
  assert.equal(isConsistent(sameContent({ ...acknowledged, status: old })), false);
  const again = { restartCount: 1 };
  assert.equal(isConsistent(sameContent({ ...acknowledged, status: again })), true);
  const unseen = sameContent({ generation: 3, observedGeneration: 2, status: again });
  assert.equal(isConsistent(unseen), false);
});

Deno.test("isStateConsistent() reads the generation that conditions have observed, too", () => {
  const target = sameContent({ generation: 2, status: { restartCount: 1 } });
  const [ready] = target.status?.conditions ?? [];
  assert.ok(ready);
  const conditions = [{ ...ready, observedGeneration: 2 }];
  assert.equal(isConsistent({ ...target, status: { ...target.status, conditions } }), true);
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
