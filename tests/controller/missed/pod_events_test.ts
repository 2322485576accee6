import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "../../../lib/api/pod.ts";
import { Events, type Occurrence } from "../../../lib/controller/events.ts";
import { MissedPodEvents } from "../../../lib/controller/missed/pod_events.ts";
import { Writer } from "../../../lib/controller/writer.ts";
import { leader } from "../../support/leader.ts";
import { loopEnvironment } from "../../support/loop_environment.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const START = new Date("2026-02-01T00:00:00Z");
const finding = { reason: "NotReviewed", message: "no ready webhook reviewed the Pod" } as const;
const agent = sidecarSetOf({ name: "agent" });

/** A Pod that was created now, of a workload unless it is bare. */
function podNow(name: string, clock: ManualClock, owner?: string): Pod {
  const pod = podOf({ name, uid: `uid-${name}`, creationTimestamp: clock.now().toISOString() });
  const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", controller: true };
  const ownerReferences = owner === undefined
    ? []
    : [{ ...reference, name: owner, uid: `uid-${owner}` }];
  return { ...pod, metadata: { ...pod.metadata, ownerReferences } };
}

function setUp() {
  const clock = new ManualClock(START);
  const recorded: Occurrence[] = [];
  const events = new MissedPodEvents({ clock, events: { record: (each) => recorded.push(each) } });
  const missed: Pod[] = [];
  return {
    clock,
    recorded,
    events,
    missed,
    report: () => events.report(agent, missed.map((pod) => ({ pod, finding }))),
    regarded: () => recorded.map(({ regarding: { kind, name } }) => `${kind} ${name}`),
  };
}

Deno.test("MissedPodEvents records one event for each missed Pod, however often it is reported", () => {
  const { clock, missed, report, recorded, regarded } = setUp();
  missed.push(podNow("a", clock, "web"), podNow("b", clock, "web"));
  report();
  report();
  missed.push(podNow("c", clock));
  report();
  assert.deepEqual(regarded(), ["Pod a", "Pod b", "Pod c"]);
  const [event] = recorded;
  assert.equal(event?.reason, "NotReviewed");
  assert.equal(event?.type, "Warning");
  assert.equal(event?.note, `SidecarSet agent is not injected: ${finding.message}`);
  assert.equal(event?.related?.name, "agent");
  assert.equal(event?.regarding.uid, "uid-a");
});

Deno.test("MissedPodEvents waits until the reason is known, and then keeps a Pod as reported", () => {
  const { clock, events, regarded } = setUp();
  const pod = podNow("a", clock, "web");
  events.report(agent, [{ pod, finding: undefined }]);
  assert.deepEqual(regarded(), []);
  for (const each of [finding, undefined, finding]) events.report(agent, [{ pod, finding: each }]);
  assert.deepEqual(regarded(), ["Pod a"]);
});

Deno.test("MissedPodEvents leaves out Pods that an earlier leader has reported", async () => {
  const { clock, missed, report, regarded } = setUp();
  missed.push(podNow("old", clock, "web"));
  await clock.advance(600_000);
  missed.push(podNow("new", clock, "web"));
  report();
  assert.deepEqual(regarded(), ["Pod new"]);
});

Deno.test("MissedPodEvents records an event of the workload for further Pods, and Pods again later", async () => {
  const { clock, missed, report, regarded } = setUp();
  for (let i = 0; i < 13; i++) missed.push(podNow(`pod-${i}`, clock, "web"));
  report();
  const pods = Array.from({ length: 10 }, (_, i) => `Pod pod-${i}`);
  assert.deepEqual(regarded(), [...pods, ...Array(3).fill("ReplicaSet web")]);
  await clock.advance(600_000);
  missed.push(podNow("later", clock, "web"));
  report();
  assert.equal(regarded().at(-1), "Pod later");
});

Deno.test("MissedPodEvents spreads a storm of workloads over time, and drops the rest", async () => {
  const { clock, missed, report, recorded } = setUp();
  for (let i = 0; i < 5_000; i++) missed.push(podNow(`pod-${i}`, clock));
  report();
  assert.equal(recorded.length, 100);
  await clock.advance(5_000);
  for (let i = 0; i < 50; i++) missed.push(podNow(`later-${i}`, clock));
  report();
  assert.equal(recorded.length, 105);
});

/** Writes an event at most once a minute, and another time at the end of the last minute. */
const mostWorkloadWrites = (seconds: number) => Math.ceil(seconds / 60) + 1;

Deno.test("N skipped Pods of one workload cause a bounded number of writes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ pods: fc.nat(400), seconds: fc.nat(90) }), {
        minLength: 1,
        maxLength: 4,
      }),
      async (batches) => {
        const clock = new ManualClock(START);
        const client = new RecordingClient();
        const limits = { maxInFlight: 4, perSecond: 10_000 };
        const writer = new Writer({ client, clock, leadership: leader, ...limits });
        const events = new Events({ ...loopEnvironment({ clock }), writer, instance: "here" });
        const stop = new AbortController();
        const running = events.run(stop.signal);
        await settle();
        const podEvents = new MissedPodEvents({ clock, events });
        const missed: Pod[] = [];
        let seconds = 0;
        const pass = async (count: number) => {
          seconds += Math.ceil(count / 10) * 10;
          // Each step lets waiting writes proceed.
          for (let i = 0; i < count; i += 10) await clock.advance(10_000);
        };
        for (const batch of batches) {
          for (let i = 0; i < batch.pods; i++) {
            missed.push(podNow(`pod-${missed.length}`, clock, "web"));
          }
          podEvents.report(agent, missed.map((pod) => ({ pod, finding })));
          await pass(batch.seconds);
        }
        await pass(120);
        stop.abort();
        await running;
        const most = 10 + mostWorkloadWrites(seconds);
        const { length } = client.requests;
        assert.ok(length <= most, `${length} writes for ${missed.length} Pods in ${seconds} s`);
        assert.ok(length >= Math.min(missed.length, 10));
      },
    ),
    { numRuns: 20 },
  );
});
