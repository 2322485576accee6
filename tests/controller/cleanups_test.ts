import assert from "node:assert/strict";
import { podOf, sidecarSetOf } from "../support/objects.ts";
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
} from "./cleanups_scene.ts";

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

Deno.test("Cleanups keeps sidecars in the record that are no longer listed, and removes it with the policy", async () => {
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

Deno.test("Cleanups goes on by the record when the SidecarSet is gone, and removes it in the end", async () => {
  const { index, client, told, look, end } = await setUp();
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
  assert.deepEqual([told[0]?.remaining, told.at(-1)?.remaining], [1, 0]);
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

Deno.test("Cleanups looks at a Pod that names a SidecarSet that is gone", async () => {
  const { index, client, cleanups, look, end } = await setUp();
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  cleanups.observePod("default/a");
  await look();
  assert.equal(requests(client)[0], "PATCH default/pods/a");
  await end();
});

Deno.test("Cleanups tries a refused Pod again later, and says what the API server said", async () => {
  let refused = 0;
  const { index, client, told, look, end } = await setUp({
    respond: () => refused++ === 0 ? { httpCode: 422 } : { metadata: {}, spec: { containers: [] } },
  });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.ok(requests(client).length > 1);
  assert.match(told.map(({ blocked }) => blocked.UpdateRefused?.message).join(), /Pod default\/a/);
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

Deno.test("Cleanups says why a Pod is not evicted", async () => {
  const { index, client, told, look, end } = await setUp();
  const web = sidecarSetOf({ spec: evict });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "bare", injected: [web] }));
  await look();
  index.deleteSidecarSet("web");
  await look();
  assert.deepEqual(requests(client).filter((each) => each.endsWith("/eviction")), []);
  assert.equal(told.at(-1)?.blocked.NotRecreated?.example, "default/bare");
  await end();
});

Deno.test("Cleanups goes by the last policy of a SidecarSet, though it was deleted before its record was written", async () => {
  const { index, client, cleanups, look, end } = await setUp();
  const web = sidecarSetOf();
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  assert.deepEqual(requests(client), []);
  index.applySidecarSet(sidecarSetOf({ spec: idle, generation: 2, resourceVersion: "2" }));
  cleanups.observe("web");
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
  const { index, client, cleanups, look, end } = await setUp();
  const web = sidecarSetOf({ spec: idle });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  await look();
  index.applySidecarSet(sidecarSetOf({ generation: 2, resourceVersion: "2" }));
  cleanups.observe("web");
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

Deno.test("Cleanups leaves Pods of a namespace that it does not know yet, or knows otherwise than the API server", async () => {
  const stored: NonNullable<SetUp["stored"]> = {};
  const { index, client, cleanups, look, end } = await setUp({ stored });
  const web = sidecarSetOf({ spec: inTeams });
  index.applySidecarSet(web);
  index.applyPod(podOf({ name: "a", injected: [web] }));
  cleanups.observePod("default/a");
  await look();
  assert.deepEqual(patched(client), [], "the namespace is not known");
  stored.namespace = team("a");
  index.applyNamespace(team("b"));
  cleanups.observeNamespace("default");
  await look();
  assert.deepEqual(patched(client), [], "it has been labelled meanwhile");
  delete stored.namespace;
  cleanups.observePod("default/a");
  await look();
  assert.equal(patched(client)[0], "PATCH default/pods/a");
  await end();
});

function damaged(text: string) {
  const metadata = { name: NAME, namespace: "system", resourceVersion: "7" };
  const configMap = { metadata, data: { "record.json": text } };
  return { configMap, sidecarSet: "web", problem: "data[record.json] must be JSON" };
}

Deno.test("Cleanups writes a damaged record anew while the SidecarSet exists", async () => {
  const { index, client, look, end } = await setUp();
  index.cleanupRecords.apply(damaged("{"));
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  await look();
  assert.deepEqual(requests(client), [`PUT system/configmaps/${NAME}`]);
  const { metadata } = Object(client.requests[0]?.body);
  assert.equal(metadata.resourceVersion, "7");
  await end();
});

Deno.test("Cleanups does nothing by a damaged record, says so, and goes on when it is gone", async () => {
  const { index, client, told, look, end } = await setUp();
  index.cleanupRecords.apply(damaged("{"));
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  await look();
  assert.deepEqual(requests(client), []);
  assert.equal(told.length, 1);
  assert.match(
    told[0]?.blocked.RecordUnreadable?.message ?? "",
    /^ConfigMap system\/sidecarset-cleanup-uid-of-web: data\[record.json\] must be JSON; mend it, or/,
  );
  index.cleanupRecords.delete(NAME);
  await look();
  assert.equal(patched(client)[0], "PATCH default/pods/a");
  await end();
});

Deno.test("Cleanups overwrites a record that has lost the label by which it is watched", async () => {
  const stored = asStored();
  const { index, client, look, end } = await setUp({
    respond: (request) => request.method === "POST" ? { httpCode: 409 } : stored(request),
  });
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  await look();
  assert.deepEqual(requests(client), [
    "POST system/configmaps",
    `PUT system/configmaps/${NAME}`,
  ]);
  await end();
});

Deno.test("Cleanups puts a record right at once, and ever more seldom where somebody changes it again and again", async () => {
  const { index, client, clock, repairs, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const writes = () => requests(client).filter((each) => each.startsWith("PUT")).length;
  const overwrite = () => {
    const [stored] = index.cleanupRecords.of("web");
    if (stored === undefined) return;
    const { configMap, record } = stored;
    const changed = { ...record, sidecars: ["other"] };
    const data = { ...configMap.data, "record.json": JSON.stringify(changed) };
    const managedFields = [{ manager: "helm", time: clock.now().toISOString() }];
    const metadata = { ...configMap.metadata, managedFields };
    index.cleanupRecords.apply({ record: changed, configMap: { ...configMap, metadata, data } });
  };
  overwrite();
  await look();
  assert.equal(writes(), 1, "the first repair is immediate");
  for (let second = 0; second < 120; second++) {
    overwrite();
    await look();
  }
  assert.ok(writes() >= 7 && writes() <= 11, `written ${writes()} times`);
  const [first, , third] = repairs;
  assert.deepEqual([first?.object.name, first?.manager, first?.isContended], [NAME, "helm", false]);
  assert.equal(third?.isContended, true);
  await end();
});

Deno.test("Cleanups takes for no repair what it writes into a record after another process has led", async () => {
  const { index, cleanups, repairs, look, end } = await setUp();
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const [stored] = index.cleanupRecords.of("web");
  assert.ok(stored);
  const record = { ...stored.record, sidecars: ["agent", "other"] };
  const data = { ...stored.configMap.data, "record.json": JSON.stringify(record) };
  index.cleanupRecords.apply({ record, configMap: { ...stored.configMap, data } });
  cleanups.observeAll();
  index.applySidecarSet(sidecarSetOf({
    ...{ resourceVersion: "2", generation: 2 },
    spec: { ...idle, containers: [{ name: "third", image: "third:1" }] },
  }));
  await look();
  assert.deepEqual(repairs, []);
  await end();
});

Deno.test("Cleanups leaves what others have set on a record, and is not misled by an answer that the watch has overtaken", async () => {
  const stored = asStored();
  const { index, client, look, end } = await setUp({
    respond(request) {
      const answer = stored(request);
      const { metadata, data } = Object(answer);
      if (request.method === "PUT") {
        index.cleanupRecords.apply({
          ...damaged("{"),
          configMap: { metadata: { ...metadata, resourceVersion: "99" }, data },
        });
      }
      return answer;
    },
  });
  const { configMap, ...rest } = damaged("{");
  const labels = { team: "shop" };
  const metadata = { ...configMap.metadata, labels, annotations: { note: "kept" } };
  index.cleanupRecords.apply({ ...rest, configMap: { ...configMap, metadata } });
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const written = Object(client.requests[0]?.body).metadata;
  assert.deepEqual([written.labels.team, written.annotations.note], ["shop", "kept"]);
  assert.equal(Object.keys(written.labels).length, 2);
  assert.equal(index.cleanupRecords.unreadableOf("web").length, 1, "it is damaged again");
  await end();
});

Deno.test("Cleanups takes a newer state of a Pod for no refusal", async () => {
  let attempts = 0;
  const stored = asStored();
  const { index, told, look, end } = await setUp({
    respond: (request) => attempts++ < 2 ? { httpCode: 409 } : stored(request),
  });
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  assert.ok(attempts < 3, "it is not tried again at once");
  for (let i = 0; i < 3; i++) await look();
  assert.ok(attempts >= 3);
  assert.ok(told.every(({ blocked }) => Object.keys(blocked).length === 0));
  await end();
});

Deno.test("Cleanups writes so many Pods at a time that what it knows of them is not outdated", async () => {
  const { index, client, look, end } = await setUp({ respond: () => new Promise(() => {}) });
  for (let i = 0; i < 1_000; i++) {
    index.applyPod(podOf({ name: `p${i}`, injected: [sidecarSetOf()] }));
  }
  await look();
  assert.equal(client.requests.length, 16, "as many as may be under way");
  await end();
});
