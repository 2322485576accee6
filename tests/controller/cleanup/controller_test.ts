import assert from "node:assert/strict";
import { toConfigMap } from "../../../lib/api/cleanup_record.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { Cleanup } from "../../../lib/controller/cleanup/writes.ts";
import { recordFor } from "../../../lib/core/cleanup/record.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { BUDGET_REFUSAL } from "../../support/recording_client.ts";
import {
  asStored,
  evict,
  idle,
  inTeams,
  NAME,
  owned,
  patched,
  recordIn,
  requests,
  type SetUp,
  setUp,
  team,
} from "./scene.ts";

Deno.test("Cleanups writes a record as soon as there is a policy, and once", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  await look();
  assert.deepEqual(requests(client), ["POST system/configmaps"]);
  assert.deepEqual(recordIn(client.requests[0]), {
    sidecarSet: "web",
    uid: "uid-of-web",
    policy: { type: "Idle", idleImage: "idle:1" },
    maxUnavailable: 1,
    sidecars: ["agent"],
  });
  await end();
});

Deno.test("Cleanups keeps removed sidecars in the record, and deletes it with the policy", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const containers = [{ name: "other", image: "other:1" }];
  index.applySidecarSet(
    sidecarSetOf({ spec: { ...idle, containers }, generation: 2, resourceVersion: "2" }),
  );
  await look();
  assert.deepEqual(recordIn(client.requests[1]).sidecars, ["agent", "other"]);
  index.applySidecarSet(sidecarSetOf({ generation: 3, resourceVersion: "3" }));
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  await end();
});

Deno.test("Cleanups continues by the record after the SidecarSet is deleted, and removes it in the end", async () => {
  const { index, client, occurrences, look, end } = await setUp();
  const web = sidecarSetOf({ spec: idle });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  index.deleteSidecarSet("web");
  await look();
  assert.equal(requests(client)[1], "PATCH default/pods/a");
  index.deletePod("default/a");
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  assert.deepEqual(occurrences.map(({ reason }) => reason), [
    "CleanupStarted",
    "CleanupCompleted",
  ]);
  await end();
});

Deno.test("Cleanups does nothing while the API server still knows the SidecarSet", async () => {
  const sidecarSet = sidecarSetOf().sidecarSet;
  const { index, client, look, end } = await setUp({ stored: { sidecarSet } });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.deepEqual(requests(client), []);
  await end();
});

Deno.test("Cleanups does nothing as a follower", async () => {
  const { index, client, look, end } = await setUp({ leading: false });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.deepEqual(requests(client), []);
  await end();
});

Deno.test("Cleanups reconciles a Pod that names a deleted SidecarSet", async () => {
  const { index, client, look, end } = await setUp();
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.equal(requests(client)[0], "PATCH default/pods/a");
  await end();
});

Deno.test("Cleanups tries a refused Pod again later, and says what the API server said", async () => {
  let refused = 0;
  const { index, client, occurrences, look, end } = await setUp({
    respond: () => refused++ === 0 ? { httpCode: 422 } : { metadata: {}, spec: { containers: [] } },
  });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.ok(requests(client).length > 1);
  const refusal = occurrences.find(({ reason }) => reason === "UpdateRefused");
  assert.match(refusal?.note ?? "", /Pod default\/a/);
  await end();
});

Deno.test("Cleanups ends the clean-up of a SidecarSet when another one has its name", async () => {
  const { index, client, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const other = sidecarSetOf();
  const metadata = { ...other.sidecarSet.metadata, uid: "another" };
  index.deleteSidecarSet("web");
  index.applySidecarSet({ ...other, sidecarSet: { ...other.sidecarSet, metadata } });
  await look();
  assert.equal(requests(client).at(-1), `DELETE system/configmaps/${NAME}`);
  await end();
});

Deno.test("Cleanups notes an eviction in the record before it makes it", async () => {
  const { index, client, look, end } = await setUp();
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  index.applyPod(owned(podOf({ name: "a", injected: [web] })));
  await look();
  index.deleteSidecarSet("web");
  await look();
  const made = requests(client);
  const eviction = made.indexOf("POST default/pods/a/eviction");
  assert.equal(made[eviction - 1], `PUT system/configmaps/${NAME}`);
  const [guard] = recordIn(client.requests[eviction - 1]).evictions ?? [];
  assert.deepEqual([guard?.workload, guard?.attempts], ["rs", 1]);
  assert.equal(made.filter((each) => each.endsWith("/eviction")).length, 1, "the guard holds");
  await end();
});

Deno.test("Cleanups waits for the registration before it reports, for half a minute at most", async () => {
  const { index, clock, occurrences, look, end } = await setUp({
    isWebhookReady: () => undefined,
  });
  index.applyNamespace({ metadata: { name: "default" } });
  const web = sidecarSetOf({ spec: { ...evict, selector: { matchLabels: { app: "none" } } } });
  index.applySidecarSet(web);
  index.applyPod(owned(podOf({ name: "a", injected: [web] })));
  await look();
  const reported = () => occurrences.some(({ reason }) => reason === "WebhookNotReady");
  const reportedAfter = async (seconds: number) => {
    for (let i = 0; i < seconds / 2; i++) await clock.advance(2_000);
    return reported();
  };
  assert.equal(await reportedAfter(24), false);
  assert.equal(await reportedAfter(10), true);
  await end();
});

Deno.test("a clean-up waits again for what it cannot decide after another process has led", async () => {
  const clock = new ManualClock();
  const cleanup = new Cleanup(clock);
  assert.equal(cleanup.defersReport({ isUndecided: true }), true);
  await clock.advance(30_000);
  assert.equal(cleanup.defersReport({ isUndecided: true }), false);
  cleanup.resync();
  assert.equal(cleanup.defersReport({ isUndecided: true }), true);
});

Deno.test("Cleanups says why a Pod is not evicted", async () => {
  const { index, client, occurrences, look, end } = await setUp();
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "bare", injected: [web] }));
  await look();
  index.deleteSidecarSet("web");
  await look();
  assert.deepEqual(requests(client).filter((each) => each.endsWith("/eviction")), []);
  const blocker = occurrences.find(({ reason }) => reason === "NotRecreated");
  assert.match(blocker?.note ?? "", /default\/bare/);
  await end();
});

Deno.test("Cleanups applies the last policy of a SidecarSet deleted before its record was written", async () => {
  const { index, client, look, end } = await setUp();
  const web = sidecarSetOf();
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  assert.deepEqual(requests(client), []);
  index.applySidecarSet(sidecarSetOf({ spec: idle, generation: 2, resourceVersion: "2" }));
  index.deleteSidecarSet("web");
  await look();
  assert.deepEqual(requests(client).slice(0, 2), [
    "POST system/configmaps",
    "PATCH default/pods/a",
  ]);
  assert.deepEqual(recordIn(client.requests[0]).policy, { type: "Idle", idleImage: "idle:1" });
  await end();
});

Deno.test("Cleanups leaves sidecars of a SidecarSet that was set to Retain right before it was deleted", async () => {
  const { index, client, look, end } = await setUp();
  const web = sidecarSetOf({ spec: idle });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  index.applySidecarSet(sidecarSetOf({ generation: 2, resourceVersion: "2" }));
  index.deleteSidecarSet("web");
  await look();
  assert.deepEqual(requests(client).slice(1, 3), [
    `DELETE system/configmaps/${NAME}`,
    "PATCH default/pods/a",
  ]);
  assert.ok(!JSON.stringify(client.requests[2]?.body).includes("idle:1"));
  await end();
});

Deno.test("Cleanups disturbs no Pod by a SidecarSet that the API server has another state of", async () => {
  const stored: NonNullable<SetUp["stored"]> = {};
  const { index, client, look, end } = await setUp({ stored });
  const both = sidecarSetOf({
    spec: { containers: [{ name: "agent", image: "agent:1" }, { name: "new", image: "new:1" }] },
  });
  const old = sidecarSetOf({ spec: idle });
  stored.sidecarSet = sidecarSetOf({ spec: idle, generation: 2 }).sidecarSet;
  index.applySidecarSet(old);
  // Another replica's webhook knew the newer state.
  index.applyPod(podOf({ name: "a", injected: [both] }));
  await look();
  assert.deepEqual(patched(client), []);
  delete stored.sidecarSet;
  for (let i = 0; i < 3; i++) await look();
  assert.equal(patched(client)[0], "PATCH default/pods/a", "it is no longer listed indeed");
  await end();
});

Deno.test("Cleanups leaves Pods of a namespace that the index does not know as the API server does", async () => {
  const stored: NonNullable<SetUp["stored"]> = {};
  const { index, client, look, end } = await setUp({ stored });
  const web = sidecarSetOf({ spec: inTeams });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  assert.deepEqual(patched(client), [], "the namespace is not known");
  stored.namespace = team("a");
  index.applyNamespace(team("b"));
  await look();
  assert.deepEqual(patched(client), [], "it has been labelled meanwhile");
  delete stored.namespace;
  await look();
  assert.equal(patched(client)[0], "PATCH default/pods/a");
  await end();
});

Deno.test("Cleanups takes a newer state of a Pod for no refusal", async () => {
  let attempts = 0;
  const stored = asStored();
  const { index, occurrences, look, end } = await setUp({
    respond: (request) => attempts++ < 2 ? { httpCode: 409 } : stored(request),
  });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.ok(attempts < 3, "it is not tried again at once");
  for (let i = 0; i < 3; i++) await look();
  assert.ok(attempts >= 3);
  assert.deepEqual(occurrences.map(({ reason }) => reason), ["CleanupStarted"]);
  await end();
});

Deno.test("Cleanups limits the Pods written at a time, so that their known state is current", async () => {
  const { index, client, look, end } = await setUp({ respond: () => new Promise(() => {}) });
  for (let i = 0; i < 1_000; i++) {
    index.applyPod(podOf({ name: `p${i}`, injected: [sidecarSetOf()] }));
  }
  await look();
  assert.equal(client.requests.length, 16, "as many as may be under way");
  await end();
});

Deno.test("Cleanups reports no progress as a former leader, and the current one as the next", async () => {
  const stored = asStored();
  const { index, cleanups, state, clock, look, end } = await setUp({
    respond: (request) => request.method === "PATCH" ? { httpCode: 403 } : stored(request),
  });
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  index.deleteSidecarSet("web");
  await look();
  const remaining = () => cleanups.progress().get("web")?.remaining;
  assert.equal(remaining(), 1);
  state.leading = false;
  assert.equal(remaining(), undefined);
  index.deletePod("default/a");
  await look();
  state.leading = true;
  cleanups.resync();
  for (let i = 0; i < 10; i++) await clock.advance(200);
  assert.equal(remaining(), undefined, "another leader has finished it");
  await end();
});

Deno.test("Cleanups repeats no event that an earlier leader has recorded, and reports the end", async () => {
  const { index, occurrences, cleanups, clock, look, end } = await setUp();
  const progress = { remaining: 1, blocked: { BudgetUsed: { pods: 1, example: "", message: "" } } };
  const spec: SidecarSetSpec = { ...idle, updateStrategy: { maxUnavailable: 0 } };
  const prepared = sidecarSetOf({ spec });
  const record = recordFor(prepared, undefined);
  assert.ok(record);
  const configMap = toConfigMap(record, { namespace: "system", progress });
  index.cleanupRecords.apply({ record, configMap });
  index.applyPod(podOf({ name: "a", injected: [prepared] }));
  await look();
  assert.deepEqual(occurrences, []);
  cleanups.resync();
  index.deletePod("default/a");
  for (let i = 0; i < 20; i++) await clock.advance(200);
  assert.deepEqual(occurrences.map(({ reason }) => reason), ["CleanupCompleted"]);
  await end();
});

Deno.test("Cleanups reports an eviction, and one that is refused, as events of the SidecarSet", async () => {
  let evictions = 0;
  const stored = asStored();
  const { index, occurrences, look, end } = await setUp({
    respond(request) {
      if (!request.path.endsWith("/eviction")) return stored(request);
      return evictions++ === 0 ? {} : BUDGET_REFUSAL;
    },
  });
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  for (const [name, workload] of [["a", "one"], ["b", "two"]] as const) {
    const pod = owned(podOf({ name, injected: [web] }));
    const [owner] = pod.metadata.ownerReferences ?? [];
    const ownerReferences = owner ? [{ ...owner, uid: workload }] : [];
    index.applyPod({ ...pod, metadata: { ...pod.metadata, ownerReferences } });
  }
  await look();
  index.deleteSidecarSet("web");
  await look();
  // The record allows one unavailable Pod, so the second follows once the first is deleted.
  index.deletePod("default/a");
  for (let i = 0; i < 20; i++) await look();
  assert.deepEqual(
    occurrences.filter(({ action }) => action === "Evict")
      .map(({ type, reason, regarding, note }) => [type, reason, regarding.uid, note])
      .slice(0, 1),
    [["Normal", "PodEvicted", "uid-of-web", "Pod default/a: its sidecars are no longer needed"]],
  );
  await end();
});

Deno.test("Cleanups retries a refused Pod when another one becomes available", async () => {
  const stored = asStored();
  let allowed = "a";
  const { index, client, look, end } = await setUp({
    respond: (request) =>
      request.method === "PATCH" && !request.path.endsWith(`/${allowed}`)
        ? { httpCode: 403 }
        : stored(request),
  });
  const web = sidecarSetOf({ spec: { ...idle, updateStrategy: { maxUnavailable: "100%" } } });
  index.applySidecarSet(web);
  const apply = (name: string, resourceVersion: string, state: "Ready" | "Running") =>
    index.applyPod(podOf({ name, injected: [web], resourceVersion, state }));
  for (const name of ["a", "b"]) apply(name, "1", "Ready");
  await look();
  index.deleteSidecarSet("web");
  for (let second = 0; second < 120; second++) await look();
  const tries = () => patched(client).filter((each) => each.endsWith("/b")).length;
  const before = tries();
  assert.ok(before < 12, `${before} tries in two minutes`);
  apply("a", "2", "Running");
  for (let second = 0; second < 3; second++) await look();
  allowed = "b";
  apply("a", "3", "Ready");
  for (let second = 0; second < 4; second++) await look();
  assert.ok(tries() > before, "it is not left to its back-off");
  await end();
});
