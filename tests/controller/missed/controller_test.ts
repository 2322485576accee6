import { wholePod } from "../../support/whole_pod.ts";
import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import { MissedController } from "../../../lib/controller/missed/controller.ts";
import { changesBy } from "../../support/changes.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { loopEnvironment } from "../../support/loop_environment.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

const status = { effectiveSince: "2026-01-01T00:00:00Z" };

function missedPod(
  name: string,
  owner?: string,
  creationTimestamp = "2026-01-02T00:00:00Z",
): Pod {
  const pod = podOf({ name, creationTimestamp });
  const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "rs", controller: true };
  const ownerReferences = owner === undefined ? [] : [{ ...reference, uid: owner }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

function setUp(reasonOf: (pod: Pod) => "NotReviewed" | "NamespaceExcluded" = () => "NotReviewed") {
  const clock = new ManualClock();
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ status }));
  const state = { leading: true };
  const read: string[] = [];
  const changed: string[] = [];
  const podEvents: string[] = [];
  const missed = new MissedController({
    index,
    ...loopEnvironment({ clock, isLeader: () => state.leading }),
    readPod(pod) {
      read.push(pod.metadata.name ?? "");
      return Promise.resolve(wholePod(pod));
    },
    reasonFor: (pod) => ({ reason: reasonOf(pod), message: "because" }),
    events: {
      record({ regarding, reason }) {
        if (regarding.kind === "Pod") podEvents.push(`${regarding.name}: ${reason}`);
        else changed.push(reason);
      },
    },
  });
  index.changes.subscribe((change) => missed.observe(change));
  const stop = new AbortController();
  const running = missed.run(stop.signal);
  return {
    index,
    state,
    read,
    changed,
    podEvents,
    missed,
    async look() {
      for (let i = 0; i < 20; i++) await clock.advance(500);
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

Deno.test("MissedController reads one Pod of each workload, and counts all by reason", async () => {
  const { index, read, missed, look, end } = setUp((pod) =>
    pod.metadata.name === "bare" ? "NamespaceExcluded" : "NotReviewed"
  );
  for (let i = 0; i < 30; i++) index.applyPod(missedPod(`pod-${i}`, "workload"));
  index.applyPod(missedPod("bare"));
  await look();
  assert.deepEqual(read, ["pod-0", "bare"]);
  const summary = missed.summaryOf("web");
  assert.deepEqual([...summary?.byReason ?? []], [["NotReviewed", 30], ["NamespaceExcluded", 1]]);
  assert.deepEqual([summary?.reason, summary?.example], ["NotReviewed", "default/pod-0"]);
  await end();
});

Deno.test("MissedController reads the oldest Pod of a workload, in whatever order they come", async () => {
  const { index, read, missed, look, end } = setUp();
  for (const day of ["03", "02", "04"]) {
    index.applyPod(missedPod(`day-${day}`, "workload", `2026-01-${day}T00:00:00Z`));
  }
  assert.equal(missed.isExamined("web"), false);
  await look();
  assert.deepEqual([read, missed.summaryOf("web")?.example], [["day-02"], "default/day-02"]);
  assert.equal(missed.isExamined("web"), true);
  missed.resync();
  assert.equal(missed.isExamined("web"), false, "other processes have led meanwhile");
  await look();
  assert.equal(missed.isExamined("web"), true);
  await end();
});

Deno.test("MissedController records an event of each missed Pod, by the reason of its workload", async () => {
  const { index, podEvents, look, end } = setUp((pod) =>
    pod.metadata.name === "bare" ? "NamespaceExcluded" : "NotReviewed"
  );
  for (let i = 0; i < 2; i++) index.applyPod(missedPod(`pod-${i}`, "workload"));
  index.applyPod(missedPod("bare"));
  index.applyPod(podOf({ name: "injected", injected: [sidecarSetOf({ status })] }));
  await look();
  assert.deepEqual(podEvents, [
    "pod-0: NotReviewed",
    "pod-1: NotReviewed",
    "bare: NamespaceExcluded",
  ]);
  await end();
});

Deno.test("MissedController reads many bare Pods little by little", async () => {
  const { index, read, missed, look, end } = setUp();
  for (let i = 0; i < 50; i++) index.applyPod(missedPod(`pod-${i}`));
  await look();
  assert.equal(new Set(read).size, 50);
  assert.equal(read.length, 50, "none is read twice");
  assert.equal(missed.summaryOf("web")?.byReason.get("NotReviewed"), 50);
  await end();
});

Deno.test("MissedController says when something changed, and forgets what is over", async () => {
  const { index, changed, missed, look, end } = setUp();
  await look();
  assert.deepEqual(changed, []);
  index.applyPod(missedPod("a"));
  await look();
  await look();
  assert.deepEqual(changed, ["NotReviewed"]);
  const names = changesBy(index, () => index.deletePod("default/a"));
  assert.equal(names.length, 1);
  await look();
  assert.deepEqual([changed.length, missed.summaryOf("web")], [1, undefined]);
  await end();
});

Deno.test("MissedController asks again when the SidecarSet has changed", async () => {
  const { index, read, look, end } = setUp();
  index.applyPod(missedPod("a"));
  await look();
  index.applySidecarSet(sidecarSetOf({ status, generation: 2, resourceVersion: "2" }));
  await look();
  assert.deepEqual(read, ["a", "a"]);
  await end();
});

Deno.test("MissedController knows nothing as a former leader, and finds out again as the next one", async () => {
  const { index, state, missed, look, end } = setUp();
  index.applyPod(missedPod("a"));
  await look();
  assert.equal(missed.summaryOf("web")?.reason, "NotReviewed");
  state.leading = false;
  assert.equal(missed.summaryOf("web"), undefined);
  index.deletePod("default/a");
  await look();
  state.leading = true;
  missed.resync();
  await look();
  assert.equal(missed.summaryOf("web"), undefined, "what was missed is over");
  await end();
});
