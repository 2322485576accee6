import assert from "node:assert/strict";
import { cellsOf, rowOf } from "../../../lib/cli/dashboard/rows.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import type { Condition, SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

function conditions(...given: readonly [Condition["type"], Condition["status"], string][]) {
  return given.map(([type, status, reason]) => ({
    type,
    status,
    reason,
    message: `message of ${reason}`,
    lastTransitionTime: "2026-01-01T00:00:00Z",
  }));
}

function rowWith(status: SidecarSetStatus, spec = {}) {
  return rowOf(sidecarSetOf({ status: { observedGeneration: 1, ...status }, spec }));
}

function viewOf(index: ClusterIndex) {
  return { index, version: () => 0, problems: () => [], run: () => Promise.resolve() };
}

Deno.test("the parts of a row's bar do not overlap", () => {
  const { counts } = rowWith({
    matchedPods: 20,
    updatedPods: 9,
    updatedReadyPods: 7,
    notUpgradablePods: 3,
    uninjectedPods: 5,
    missedPods: 2,
  });
  assert.deepEqual(counts, {
    updated: 7,
    inFlight: 2,
    outdated: 8,
    notUpgradable: 3,
    uninjected: 3,
    missed: 2,
  });
});

Deno.test("a row has the words of status", () => {
  const row = rowWith({ conditions: conditions(["Progressing", "True", "PartitionReached"]) }, {
    injectionStrategy: { paused: true },
  });
  assert.equal(row.state, "PartitionReached,InjectionPaused");
  assert.equal(row.message, "message of PartitionReached");
});

Deno.test("what needs a user's action is more urgent than what moves, and that than a pause", () => {
  const progressing = (reason: string) => ["Progressing", "True", reason] as const;
  const urgency = (status: SidecarSetStatus, spec = {}) => rowWith(status, spec).attention;
  const done = { matchedPods: 1, updatedPods: 1, updatedReadyPods: 1 };
  const fine = { ...done, conditions: conditions([...progressing("UpToDate")]) };
  assert.equal(urgency(fine), 0);
  assert.equal(urgency({ ...fine, uninjectedPods: 1 }), 1);
  assert.equal(
    urgency({ matchedPods: 1, conditions: conditions([...progressing("Paused")]) }, {
      updateStrategy: { paused: true },
    }),
    1,
  );
  assert.equal(urgency({ conditions: conditions([...progressing("RollingOut")]) }), 2);
  assert.equal(urgency({ conditions: conditions([...progressing("UpdateRefused")]) }), 3);
  const missed = conditions([...progressing("UpToDate")], ["PodsMissed", "True", "PodsMissed"]);
  assert.equal(urgency({ ...done, conditions: missed }), 3);
  const notReady = conditions([...progressing("UpToDate")], ["Ready", "False", "NotRegistered"]);
  assert.equal(urgency({ ...done, conditions: notReady }), 3);
});

Deno.test("a cell has the Pod's state, under the Deployment of its ReplicaSet", () => {
  const index = new ClusterIndex();
  const before = sidecarSetOf();
  index.applySidecarSet(before);
  index.applyNamespace({ metadata: { name: "default" } });
  const owned = (name: string, state: "Ready" | "Running", injected = [before]) => {
    const pod = podOf({
      name,
      state,
      injected,
      labels: { app: "web", "pod-template-hash": "5d4f" },
    });
    const owner = {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "web-5d4f",
      uid: "u",
      controller: true,
    };
    return { ...pod, metadata: { ...pod.metadata, ownerReferences: [owner] } };
  };
  index.applyPod(owned("a", "Ready"));
  index.applyPod(owned("b", "Running"));
  index.applyPod(podOf({ name: "c" }));
  const statesOf = () =>
    [...cellsOf(viewOf(index), "web").values()].map((
      { key, workload, state },
    ) => [key, workload, state]);
  assert.deepEqual(statesOf(), [
    ["default/a", "Deployment/web", "updated"],
    ["default/b", "Deployment/web", "inFlight"],
    ["default/c", "", "uninjected"],
  ]);
  index.applySidecarSet(sidecarSetOf({
    resourceVersion: "2",
    spec: { containers: [{ name: "agent", image: "agent:2" }] },
  }));
  assert.equal(cellsOf(viewOf(index), "web").get("default/a")?.state, "outdated");
  index.applySidecarSet(sidecarSetOf({
    resourceVersion: "3",
    spec: { containers: [{ name: "agent", image: "agent:2", args: ["-v"] }] },
  }));
  assert.equal(cellsOf(viewOf(index), "web").get("default/a")?.state, "notUpgradable");
});
