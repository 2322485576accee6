import assert from "node:assert/strict";
import { Backlog } from "../../../lib/controller/sidecarset/backlog.ts";
import { CUSTOM_VERSION_LABEL } from "../../../lib/api/names.ts";
import { isObject } from "../../../lib/api/json.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { setUp as controllerScene } from "./controller_scene.ts";

const BURST = 100;

/** Backlog on a clock that a test moves, with the names that it has released. */
function setUp() {
  const clock = new ManualClock();
  const released: string[] = [];
  const backlog = new Backlog({ clock, release: (name) => released.push(name) });
  /** SidecarSets are created, and their turn comes. @returns the admitted ones */
  const create = (count: number, prefix = "web") => {
    const names = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
    for (const _ of names) backlog.arrived();
    return names.filter((name) => backlog.admits(name));
  };
  /** Reconciles what is released, until nothing more is. */
  const drain = () => {
    for (let i = 0; i < released.length; i++) {
      const name = released[i] ?? "";
      assert.ok(backlog.admits(name));
      backlog.pass(name);
    }
  };
  return { clock, backlog, released, create, drain };
}

Deno.test("SidecarSets that are created one after the other are reconciled at once", async () => {
  const { clock, create } = setUp();
  for (let i = 0; i < 50; i++) {
    assert.deepEqual(create(1, `single-${i}`), [`single-${i}-0`]);
    await clock.advance(200);
  }
  await clock.advance(2_000);
  assert.equal(create(19).length, 19, "as many as a person applies in one file");
});

Deno.test("a burst is reconciled when it is over, in its order and a few at a time", async () => {
  const { clock, backlog, released, create, drain } = setUp();
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(create(BURST, `burst-${i}`), []);
    await clock.advance(1_000);
  }
  assert.equal(released.length, 0);
  assert.equal(backlog.size, 5 * BURST);
  await clock.advance(1_000);
  assert.ok(released.length > 0 && released.length < 20, `${released.length} released at once`);
  drain();
  assert.equal(backlog.size, 0);
  assert.equal(new Set(released).size, 5 * BURST);
  assert.equal(released[0], "burst-0-0");
  assert.equal(released.at(-1), `burst-4-${BURST - 1}`);
});

Deno.test("a SidecarSet waits half a minute for a burst that does not end", async () => {
  const { clock, released, create, drain } = setUp();
  create(BURST, "first");
  for (let seconds = 0; seconds < 29; seconds++) {
    await clock.advance(1_000);
    create(20, `later-${seconds}`);
  }
  assert.equal(released.length, 0);
  await clock.advance(1_500);
  drain();
  assert.ok(released.includes(`first-${BURST - 1}`));
  assert.ok(!released.includes("later-20-0"));
});

Deno.test("a SidecarSet that is deleted, or gets Pods, while it is released makes room", async () => {
  const { clock, backlog, released, create } = setUp();
  create(BURST);
  await clock.advance(2_000);
  const { length } = released;
  for (const name of [...released]) backlog.forget(name);
  assert.equal(released.length, 2 * length);
});

Deno.test("a process that leads again begins with an empty backlog", async () => {
  const { clock, backlog, released, create, drain } = setUp();
  create(BURST);
  await clock.advance(2_000);
  backlog.clear();
  released.length = 0;
  create(BURST, "again");
  await clock.advance(2_000);
  drain();
  assert.equal(released.length, BURST);
});

Deno.test("a SidecarSet whose turn has come does not wait again until it has a status", async () => {
  const { clock, backlog, create, drain } = setUp();
  create(BURST);
  await clock.advance(2_000);
  drain();
  create(BURST, "later");
  assert.ok(backlog.admits("web-0"), "a retry");
  backlog.forget("web-0");
  assert.ok(!backlog.admits("web-0"), "created again");
});

Deno.test("a SidecarSet that is created after a burst passes those that still wait", async () => {
  const { clock, released, create } = setUp();
  create(BURST);
  await clock.advance(2_000);
  assert.ok(released.length < BURST);
  assert.deepEqual(create(1, "single"), ["single-0"]);
});

/** Names of the SidecarSets that the requests create revisions of, in their order. */
function revisedOf({ client }: ReturnType<typeof controllerScene>): string[] {
  return client.requests.filter(({ path }) => path.endsWith("controllerrevisions"))
    .map(({ body }) => {
      assert.ok(isObject(body) && isObject(body.metadata));
      return String(body.metadata.name).replace(/-[^-]+$/, "");
    });
}

/** Runs the controller during the work of a test. */
async function whileRunning(
  { run, clock }: ReturnType<typeof controllerScene>,
  work: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const running = run(stop.signal);
  try {
    await work();
  } finally {
    stop.abort();
    await clock.advance(60_000);
    await running;
  }
}

Deno.test("a SidecarSet with Pods passes a burst by, and the burst follows", async () => {
  const scene = controllerScene();
  const { clock, index, apply } = scene;
  await whileRunning(scene, async () => {
    for (let i = 0; i < BURST; i++) {
      apply({ name: `many-${i}`, spec: { selector: { matchLabels: { app: `many-${i}` } } } });
    }
    await clock.advance(100);
    assert.deepEqual(revisedOf(scene), []);
    index.applyPod(podOf());
    apply({ name: "web" });
    await clock.advance(100);
    assert.deepEqual(revisedOf(scene), ["web"]);
    await clock.advance(5_000);
    assert.equal(new Set(revisedOf(scene)).size, BURST + 1);
    const statuses = scene.client.requests.filter(({ path }) => path.endsWith("/status"));
    assert.equal(new Set(statuses.map(({ path }) => path)).size, BURST + 1);
  });
});

Deno.test("SidecarSets of a burst whose revisions are refused back off", async () => {
  const scene = controllerScene(() => ({ httpCode: 403, status: { message: "exceeded quota" } }));
  const { clock, client, apply } = scene;
  const refused = () => client.requests.filter(({ path }) => path.endsWith("controllerrevisions"));
  await whileRunning(scene, async () => {
    for (let i = 0; i < BURST; i++) apply({ name: `many-${i}` });
    await clock.advance(60_000);
    const before = refused().length;
    await clock.advance(60_000);
    const inMinute = refused().length - before;
    assert.ok(inMinute < 10 * BURST, `${inMinute} requests in a minute`);
  });
});

Deno.test("a SidecarSet whose revision others wait for passes a burst by", async () => {
  const scene = controllerScene();
  const { clock, index, apply } = scene;
  await whileRunning(scene, async () => {
    for (let i = 0; i < BURST; i++) apply({ name: `many-${i}` });
    apply({ name: "policy", spec: { injectionStrategy: { mechanism: "Policy" } } });
    const versioned = sidecarSetOf({ name: "versioned" });
    const labels = { [CUSTOM_VERSION_LABEL]: "v1" };
    const { sidecarSet } = versioned;
    index.applySidecarSet({
      ...versioned,
      sidecarSet: { ...sidecarSet, metadata: { ...sidecarSet.metadata, labels } },
    });
    await clock.advance(100);
    assert.deepEqual(revisedOf(scene).sort(), ["policy", "versioned"]);
  });
});
