import assert from "node:assert/strict";
import type { Workload } from "../../../lib/api/objects.ts";
import { RefusedPods } from "../../../lib/controller/refused/pods.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { ApiError } from "../../../lib/kube/errors.ts";
import { loopEnvironment } from "../../support/loop_environment.ts";
import { ManualClock } from "../../support/manual_clock.ts";

const NAMING = "must specify requests.cpu for: agent";

function replicaSet(uid: string, replicas = 0): Workload {
  return {
    metadata: { name: uid, namespace: "default", uid },
    spec: { replicas: 2 },
    status: { replicas },
  };
}

function setUp() {
  const clock = new ManualClock();
  const workloads = new Map<string, Workload>();
  const changed: string[] = [];
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf());
  index.changes.subscribe(({ sidecarSets }) => changed.push(...sidecarSets));
  const read: string[] = [];
  const notes: string[] = [];
  const failing = { reads: false };
  const refused = new RefusedPods({
    ...loopEnvironment({ clock }),
    readWorkload({ name = "" }) {
      read.push(name);
      const found = workloads.get(name);
      if (found && !failing.reads) return Promise.resolve(found);
      const httpCode = failing.reads ? 500 : 404;
      return Promise.reject(new ApiError({ method: "GET", path: "/", httpCode }));
    },
    blame: (_, { text }) => text.includes("agent") ? ["web"] : [],
    index,
    events: { record: ({ note }) => void notes.push(note) },
  });
  const stop = new AbortController();
  const running = refused.run(stop.signal);
  return {
    refused,
    workloads,
    changed,
    read,
    notes,
    index,
    failing,
    refuse(uid: string, text = NAMING, at = 0) {
      const workload = { apiVersion: "apps/v1", kind: "ReplicaSet", namespace: "default" };
      refused.observe({ workload: { ...workload, name: uid, uid }, text, at });
    },
    async pass(milliseconds: number) {
      for (let i = 0; i < milliseconds / 500; i++) await clock.advance(500);
    },
    async end() {
      stop.abort();
      await running;
    },
  };
}

Deno.test("RefusedPods counts workloads that lack Pods because of a sidecar, until they have them", async () => {
  const { refused, workloads, changed, refuse, pass, end } = setUp();
  for (const uid of ["a", "b"]) workloads.set(uid, replicaSet(uid));
  refuse("a");
  refuse("b");
  await pass(2_000);
  const example = "ReplicaSet default/a";
  assert.deepEqual(refused.summaryOf("web"), { workloads: 2, example, text: NAMING });
  const before = changed.length;
  await pass(30_000);
  assert.equal(changed.length, before, "nothing else is known");
  workloads.set("a", replicaSet("a", 2));
  await pass(15_000);
  assert.equal(refused.summaryOf("web")?.example, "ReplicaSet default/b");
  workloads.delete("b");
  await pass(15_000);
  assert.equal(refused.summaryOf("web"), undefined);
  assert.equal(changed.at(-1), "web");
  await end();
});

Deno.test("RefusedPods reads nothing for refusals that cannot be about sidecars", async () => {
  const { read, refuse, pass, end } = setUp();
  refuse("a", 'serviceaccount "robot" not found');
  await pass(5_000);
  assert.deepEqual(read, []);
  await end();
});

Deno.test("RefusedPods goes by the last refusal, and shows none before it has been judged", async () => {
  const { refused, workloads, refuse, pass, end } = setUp();
  workloads.set("a", replicaSet("a"));
  refuse("a", NAMING, 1_000);
  await pass(2_000);
  refuse("a", "an older one about container agent", 500);
  refuse("a", 'serviceaccount "robot" not found', 2_000);
  assert.equal(refused.summaryOf("web")?.text, NAMING);
  await pass(2_000);
  assert.equal(refused.summaryOf("web"), undefined);
  await end();
});

Deno.test("RefusedPods does not take another workload of the same name for the one that was refused", async () => {
  const { refused, workloads, refuse, pass, end } = setUp();
  workloads.set("a", { ...replicaSet("a"), metadata: { name: "a", uid: "another" } });
  refuse("a");
  await pass(2_000);
  assert.equal(refused.summaryOf("web"), undefined);
  await end();
});

Deno.test("RefusedPods keeps what it knows while workloads cannot be read, and tries again", async () => {
  const { refused, workloads, failing, refuse, pass, end } = setUp();
  workloads.set("a", replicaSet("a"));
  failing.reads = true;
  refuse("a");
  await pass(5_000);
  assert.equal(refused.summaryOf("web"), undefined);
  failing.reads = false;
  await pass(60_000);
  assert.equal(refused.summaryOf("web")?.workloads, 1);
  failing.reads = true;
  await pass(60_000);
  assert.equal(refused.summaryOf("web")?.workloads, 1);
  await end();
});

Deno.test("RefusedPods forgets everything when another process leads", async () => {
  const { refused, workloads, changed, read, refuse, pass, end } = setUp();
  workloads.set("a", replicaSet("a"));
  refuse("a");
  await pass(2_000);
  refused.forgetAll();
  assert.equal(refused.summaryOf("web"), undefined);
  assert.deepEqual(changed, ["web", "web"]);
  const before = read.length;
  await pass(60_000);
  assert.equal(read.length, before);
  await end();
});

Deno.test("RefusedPods reads many workloads at a bounded pace", async () => {
  const { workloads, read, refuse, pass, end } = setUp();
  for (let i = 0; i < 1_000; i++) {
    workloads.set(`w${i}`, replicaSet(`w${i}`));
    refuse(`w${i}`);
  }
  await pass(20_000);
  assert.ok(read.length > 50 && read.length <= 20 + 20 * 20, `${read.length} reads in 20 s`);
  await end();
});

Deno.test("RefusedPods reads no workload that cannot exist, whatever an event says", async () => {
  const { refuse, pass, read, end } = setUp();
  for (const name of ["", ".", "..", "../secrets", "No Name"]) refuse(name);
  await pass(5_000);
  assert.deepEqual(read, []);
  await end();
});

/** As an earlier leader has left the SidecarSet. */
function reported(message: string) {
  const times = { lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 1 };
  const state = { type: "PodsMissed", status: "True", reason: "PodRefused" } as const;
  const condition = { ...state, message, ...times };
  return sidecarSetOf({ resourceVersion: "2", status: { conditions: [condition] } });
}

const TWO = "2 workloads lack Pods, which the API server refuses because of the sidecar, " +
  `for example ReplicaSet default/a: ${NAMING}`;

Deno.test("RefusedPods repeats no event of an earlier leader, and publishes what it finds together", async () => {
  const { refused, index, workloads, changed, notes, refuse, pass, end } = setUp();
  index.applySidecarSet(reported(TWO));
  changed.length = 0;
  refused.begin();
  for (const uid of ["b", "a"]) workloads.set(uid, replicaSet(uid));
  refuse("b");
  refuse("a");
  await pass(500);
  refused.listed();
  assert.deepEqual([refused.isExamined("web"), refused.isExamined("other")], [false, true]);
  await pass(3_000);
  assert.equal(refused.isExamined("web"), true);
  assert.equal(refused.summaryOf("web")?.example, "ReplicaSet default/a");
  assert.deepEqual([changed, notes], [["web"], []]);
  workloads.set("a", replicaSet("a", 2));
  await pass(15_000);
  assert.equal(notes.length, 1, "what is new is reported");
  await end();
});

Deno.test("RefusedPods ends its examination when nothing was found, and when workloads cannot be read", async () => {
  const { refused, index, changed, workloads, failing, refuse, pass, end } = setUp();
  index.applySidecarSet(reported(TWO));
  changed.length = 0;
  refused.begin();
  refused.listed();
  assert.deepEqual([refused.isExamined("web"), changed], [true, ["web"]]);
  refused.begin();
  workloads.set("a", replicaSet("a"));
  failing.reads = true;
  refuse("a");
  refused.listed();
  await pass(20_000);
  assert.equal(refused.isExamined("web"), false);
  await pass(60_000);
  assert.equal(refused.isExamined("web"), true);
  await end();
});
