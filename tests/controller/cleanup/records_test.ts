import assert from "node:assert/strict";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { asStored, idle, NAME, patched, requests, setUp } from "./scene.ts";

function damaged(text: string) {
  const metadata = { name: NAME, namespace: "system", resourceVersion: "7" };
  const configMap = { metadata, data: { "record.json": text } };
  return { configMap, sidecarSet: "web", problem: "data[record.json] must be JSON" };
}

Deno.test("Cleanups rewrites a damaged record while the SidecarSet exists", async () => {
  const { index, client, look, end } = await setUp();
  index.applyCleanupRecord(damaged("{"));
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  await look();
  assert.deepEqual(requests(client), [`PUT system/configmaps/${NAME}`]);
  const { metadata } = Object(client.requests[0]?.body);
  assert.equal(metadata.resourceVersion, "7");
  await end();
});

Deno.test("Cleanups changes no Pod by a damaged record, reports it, and continues when it is deleted", async () => {
  const { index, client, occurrences, look, end } = await setUp();
  index.applyCleanupRecord(damaged("{"));
  index.applyPod(podOf({ name: "a", injected: [sidecarSetOf()] }));
  await look();
  await look();
  assert.deepEqual(requests(client), [`PUT system/configmaps/${NAME}`]);
  const { data } = Object(client.requests[0]?.body);
  assert.equal(data["record.json"], "{", "it stays as it is");
  assert.match(data["progress.json"], /"remaining":1,"blocked":\{"RecordUnreadable":/);
  const unreadable = occurrences.filter(({ reason }) => reason === "RecordUnreadable");
  assert.equal(unreadable.length, 1);
  assert.match(
    unreadable[0]?.note ?? "",
    /ConfigMap system\/sidecarset-cleanup-uid-of-web: data\[record.json\] must be JSON; repair it, or/,
  );
  index.deleteCleanupRecord(NAME);
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

Deno.test("Cleanups repairs a record immediately, and with growing delays if the change is repeated", async () => {
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
    index.applyCleanupRecord({ record: changed, configMap: { ...configMap, metadata, data } });
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
  index.applyCleanupRecord({ record, configMap: { ...stored.configMap, data } });
  cleanups.resync();
  index.applySidecarSet(sidecarSetOf({
    ...{ resourceVersion: "2", generation: 2 },
    spec: { ...idle, containers: [{ name: "third", image: "third:1" }] },
  }));
  await look();
  assert.deepEqual(repairs, []);
  await end();
});

Deno.test("Cleanups keeps what others set on a record, also when the watch overtakes an answer", async () => {
  const stored = asStored();
  const { index, client, look, end } = await setUp({
    respond(request) {
      const answer = stored(request);
      const { metadata, data } = Object(answer);
      if (request.method === "PUT") {
        index.applyCleanupRecord({
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
  index.applyCleanupRecord({ ...rest, configMap: { ...configMap, metadata } });
  index.applySidecarSet(sidecarSetOf({ spec: idle }));
  await look();
  const written = Object(client.requests[0]?.body).metadata;
  assert.deepEqual([written.labels.team, written.annotations.note], ["shop", "kept"]);
  assert.equal(Object.keys(written.labels).length, 2);
  assert.equal(index.cleanupRecords.unreadableOf("web").length, 1, "it is damaged again");
  await end();
});
