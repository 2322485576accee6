import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { createEngine } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient } from "../../support/recording_client.ts";

/** A controller, the revisions that it has stored, and a way to give its SidecarSet another image. */
function setUp(
  spec: SidecarSetSpec = {},
  { retainedRevisions }: { retainedRevisions?: () => readonly ControllerRevision[] | undefined } =
    {},
) {
  const clock = new ManualClock();
  let version = 1;
  const client = new RecordingClient(({ method, path, body }) => {
    if (method === "DELETE") return {};
    if (!path.includes("controllerrevisions")) return { metadata: {}, ...Object(body) };
    const name = path.split("/").at(-1) ?? "";
    const known = index.revisions.of("web").find(({ metadata }) => metadata.name === name);
    const { metadata, ...content }: ControllerRevision = Object(body);
    const resourceVersion = String(version++);
    return {
      ...known,
      ...content,
      metadata: { ...known?.metadata, ...metadata, resourceVersion },
    };
  });
  const { index, loop } = createEngine({
    client,
    clock,
    ...(retainedRevisions ? { retainedRevisions } : {}),
  });
  let generation = 0;
  const reconcile = async () => {
    await loop.process("web", new AbortController().signal);
    await settle();
  };
  const apply = async (image: string) => {
    generation++;
    index.applySidecarSet(sidecarSetOf({
      generation,
      resourceVersion: String(generation),
      spec: { containers: [{ name: "agent", image }], updateStrategy: { paused: true }, ...spec },
    }));
    for (let i = 0; i < 3; i++) await reconcile();
  };
  /** Images of the stored revisions, the newest last. */
  const images = () =>
    index.revisions.of("web").toSorted((a, b) => a.revision - b.revision).map(({ data }) => {
      assert.ok(isObject(data) && isObject(data.spec) && Array.isArray(data.spec.containers));
      const container: unknown = data.spec.containers[0];
      return isObject(container) ? container.image : undefined;
    });
  const current = () => index.sidecarSets.get("web")?.revisionName;
  return { clock, client, index, apply, reconcile, images, current };
}

Deno.test("a rollback to an older spec uses its revision again, as the newest", async () => {
  const { client, apply, images, current } = setUp();
  await apply("agent:1");
  const first = current();
  await apply("agent:2");
  assert.notEqual(current(), first);
  await apply("agent:1");
  assert.equal(current(), first);
  assert.deepEqual(images(), ["agent:2", "agent:1"]);
  const created = client.requests.filter(({ method, path }) =>
    method === "POST" && path.includes("controllerrevisions")
  );
  assert.equal(created.length, 2);
});

Deno.test("revisions are compared again when another client has changed one, and only then", async () => {
  const { client, index, apply, reconcile } = setUp();
  await apply("agent:1");
  await apply("agent:2");
  const [first] = index.revisions.of("web").toSorted((a, b) => a.revision - b.revision);
  assert.ok(first);
  const writes = () => client.requests.filter(({ path }) => path.includes("controllerrevisions"));
  const before = writes().length;
  await reconcile();
  assert.equal(writes().length, before);
  index.applyRevision({
    ...first,
    metadata: { ...first.metadata, resourceVersion: "100" },
    revision: 7,
  });
  await reconcile();
  assert.deepEqual(
    writes().slice(before).map(({ method, body }) => [method, Object(body).revision]),
    [
      ["PATCH", 8],
    ],
  );
});

Deno.test("no more revisions are kept than revisionHistoryLimit says", async () => {
  const { apply, images } = setUp({ revisionHistoryLimit: 2 });
  for (const image of ["agent:1", "agent:2", "agent:3", "agent:4"]) await apply(image);
  assert.deepEqual(images(), ["agent:3", "agent:4"]);
});

Deno.test("a revision that a Pod has stays beyond the limit, and goes with the Pod", async () => {
  const { clock, index, apply, reconcile, images } = setUp({ revisionHistoryLimit: 1 });
  await apply("agent:1");
  const prepared = index.sidecarSets.get("web");
  assert.ok(prepared);
  index.applyPod(podOf({ injected: [prepared] }));
  await apply("agent:2");
  await apply("agent:3");
  assert.deepEqual(images(), ["agent:1", "agent:3"]);
  index.deletePod("default/pod");
  await clock.advance(5_000);
  await reconcile();
  assert.deepEqual(images(), ["agent:3"]);
});

Deno.test("no revision is deleted while Pods are not classified yet", async () => {
  const { index, apply, reconcile, images } = setUp({ revisionHistoryLimit: 1 });
  const { reclassification } = index.pods;
  let isPending = true;
  reclassification.isPending = () => isPending;
  for (const image of ["agent:1", "agent:2", "agent:3"]) await apply(image);
  assert.deepEqual(images(), ["agent:1", "agent:2", "agent:3"]);
  isPending = false;
  await reconcile();
  assert.deepEqual(images(), ["agent:3"]);
});

Deno.test("a revision that injection is pinned to stays beyond the limit", async () => {
  const spec: SidecarSetSpec = { revisionHistoryLimit: 1 };
  const { apply, images, current } = setUp(spec);
  await apply("agent:1");
  const revisionName = current();
  assert.ok(revisionName);
  spec.injectionStrategy = { revision: { revisionName } };
  await apply("agent:2");
  await apply("agent:3");
  assert.deepEqual(images(), ["agent:1", "agent:3"]);
});

/** A revision of the SidecarSet as another controller has kept it elsewhere. */
function legacyRevision(image: string, revision: number): ControllerRevision {
  const { metadata, kind = "SidecarSet" } = sidecarSetOf().sidecarSet;
  const owner = { apiVersion: "apps.kruise.io/v1alpha1", kind, name: "web", controller: true };
  return {
    metadata: {
      name: `web-${revision}`,
      namespace: "kruise-system",
      labels: { "kruise.io/sidecarset-name": "web" },
      ownerReferences: [{ ...owner, uid: metadata.uid ?? "" }],
    },
    data: { spec: { containers: [{ name: "agent", image }] } },
    revision,
  };
}

Deno.test("revisions that another controller has left are taken over before the first of our own", async () => {
  const { apply, images } = setUp({}, { retainedRevisions: () => [legacyRevision("agent:1", 4)] });
  await apply("agent:2");
  assert.deepEqual(images(), ["agent:1", "agent:2"]);
});

Deno.test("revisions that could not be read at first are taken over later, as older ones", async () => {
  const state: { retainedRevisions: ControllerRevision[] | undefined } = {
    retainedRevisions: undefined,
  };
  const { apply, reconcile, images } = setUp({}, {
    retainedRevisions: () => state.retainedRevisions,
  });
  await apply("agent:2");
  assert.deepEqual(images(), ["agent:2"]);
  state.retainedRevisions = [legacyRevision("agent:1", 4)];
  await reconcile();
  await reconcile();
  assert.deepEqual(images(), ["agent:1", "agent:2"]);
});
