import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { JSONValue, ListOptions, ObjectList } from "../../lib/kube/contract.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import type { ListWatch } from "../../lib/kube/list_watch.ts";
import type { Change } from "../../lib/kube/reflector_types.ts";
import { ReflectorLoop, type ReflectorOptions } from "../../lib/kube/reflector_loop.ts";
import { readObject } from "../../lib/kube/resources.ts";
import { type LogLine, recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";

function object(name: string, resourceVersion: string) {
  return { metadata: { name, resourceVersion, managedFields: [{ manager: "kubectl" }] } };
}

/** Lists the given objects; its watch yields what is pushed. */
class Source implements ListWatch<KubeObject> {
  readonly lists: ListOptions[] = [];
  readonly read = readObject<KubeObject>;
  #watch: ReadableStreamDefaultController<unknown> | undefined;
  opened = Promise.withResolvers<void>();

  list(options: ListOptions): Promise<ObjectList<KubeObject>> {
    this.lists.push(options);
    return Promise.resolve({ metadata: { resourceVersion: "1" }, items: [object("a", "1")] });
  }

  watch(): Promise<ReadableStream<unknown>> {
    return Promise.resolve(
      new ReadableStream<unknown>({
        start: (controller) => {
          this.#watch = controller;
          this.opened.resolve();
        },
      }),
    );
  }

  break(): void {
    this.#watch?.error(new TypeError("connection reset"));
  }

  close(): void {
    this.#watch?.close();
  }

  push(type: string, value: JSONValue | object): void {
    this.#watch?.enqueue({ type, object: value });
  }
}

type Running = ReturnType<typeof running>;

function running(
  onChange:
    | ((change: Change<KubeObject>) => void)
    | ((change: Change<KubeObject>) => Promise<void> | undefined),
  more: Partial<ReflectorOptions<KubeObject>> = {},
) {
  const source = new Source();
  const clock = new ManualClock();
  const log: LogLine[] = [];
  const stop = new AbortController();
  const broken = { count: 0 };
  const loop = new ReflectorLoop<KubeObject>({
    name: "things",
    source,
    onChange,
    clock,
    random: () => 0.5,
    logger: recordingLogger(log),
    timing: { watchSeconds: 8, idleDeadlineMs: 13_000 },
    onBrokenConnection: () => broken.count++,
    ...more,
  });
  const ended = loop.run(stop.signal);
  return {
    broken,
    source,
    clock,
    log,
    loop,
    end() {
      stop.abort();
      return ended;
    },
  };
}

Deno.test("ReflectorLoop reports changes in order", async () => {
  const reported: Change<KubeObject>[] = [];
  const done = Promise.withResolvers<void>();
  const { source, loop, end } = running((change) => {
    reported.push(change);
    if (change.type === "delete") done.resolve();
  });
  await source.opened.promise;
  for (let i = 0; i < 50; i++) source.push("ADDED", object(`o${i}`, String(i + 2)));
  source.push("BOOKMARK", object("", "90"));
  source.push("DELETED", object("a", "91"));
  await done.promise;
  assert.deepEqual(reported, [
    { type: "page", items: [object("a", "1")], first: true },
    { type: "listed", resourceVersion: "1" },
    ...Array.from({ length: 50 }, (_, i) => ({
      type: "apply",
      object: object(`o${i}`, String(i + 2)),
    })),
    { type: "delete", object: object("a", "91") },
  ]);
  assert.equal(loop.isSynced(), true);
  await end();
});

Deno.test("ReflectorLoop reports the time of the API server's last event", async () => {
  const reported = Promise.withResolvers<void>();
  const { source, clock, loop, end } = running(({ type }) =>
    type === "apply" && reported.resolve()
  );
  await source.opened.promise;
  await clock.advance(5_000);
  assert.equal(loop.lastEventAt(), 0);
  source.push("ADDED", object("b", "2"));
  await reported.promise;
  assert.equal(loop.lastEventAt(), 5_000);
  await end();
});

Deno.test("ReflectorLoop lists again when its consumer throws, and is not synced meanwhile", async () => {
  let thrown = false;
  const reported: string[] = [];
  const { source, clock, log, loop, end } = running(({ type }) => {
    reported.push(type);
    if (type !== "apply" || thrown) return;
    thrown = true;
    throw new Error("a bug in the consumer");
  });
  await source.opened.promise;
  source.opened = Promise.withResolvers();
  source.push("ADDED", object("b", "2"));
  await clock.advance(10);
  assert.equal(loop.isSynced(), false);
  await clock.advance(1_000);
  await source.opened.promise;
  assert.equal(loop.isSynced(), true);
  assert.deepEqual(reported, ["page", "listed", "apply", "page", "listed"]);
  assert.deepEqual(log.map(({ level }) => level), ["error"]);
  await end();
});

Deno.test("ReflectorLoop does nothing once its signal is aborted", async () => {
  const { source, end } = running(() => {});
  await end();
  assert.ok(source.lists.length <= 1);
});

Deno.test("ReflectorLoop ends although its stream ignores the signal", async () => {
  const { source, end } = running(() => {});
  await source.opened.promise;
  await end();
});

Deno.test("ReflectorLoop lists again immediately after a rollback of the store, during any wait", async () => {
  const reported: string[] = [];
  const { source, clock, loop, end } = running(({ type }) => reported.push(type));
  await source.opened.promise;
  source.opened = Promise.withResolvers();
  loop.rollBack();
  assert.equal(loop.isSynced(), false);
  await source.opened.promise;
  await clock.advance(0);
  assert.equal(loop.isSynced(), true);
  assert.deepEqual(reported, ["page", "listed", "rolledBack", "page", "listed"]);
  assert.equal(source.lists.length, 2);
  source.push("ADDED", object("b", "2"));
  await clock.advance(10);
  assert.equal(reported.at(-1), "apply");
  await end();
});

for (
  const [what, rollBack] of [
    ["another read found", ({ loop }) => loop.rollBack()],
    ["an event shows", ({ source }) => source.push("ADDED", object("b", "0"))],
  ] as const satisfies readonly (readonly [string, (running: Running) => void])[]
) {
  Deno.test(`ReflectorLoop lists again only when its consumer has applied a rollback that ${what}`, async () => {
    const applied = Promise.withResolvers<void>();
    const reported: string[] = [];
    const started = running(({ type }) => {
      reported.push(type);
      return type === "rolledBack" ? applied.promise : undefined;
    });
    const { source, clock, loop, end } = started;
    await source.opened.promise;
    await clock.advance(0);
    source.opened = Promise.withResolvers();
    rollBack(started);
    await clock.advance(100);
    assert.deepEqual(reported, ["page", "listed", "rolledBack"]);
    assert.equal(source.lists.length, 1);
    assert.equal(loop.isSynced(), false);
    applied.resolve();
    await source.opened.promise;
    await clock.advance(0);
    assert.deepEqual(reported, ["page", "listed", "rolledBack", "page", "listed"]);
    assert.equal(loop.isSynced(), true);
    await end();
  });
}

Deno.test("ReflectorLoop continues immediately when the API server is reachable again", async () => {
  const { source, clock, loop, end } = running(() => {});
  await source.opened.promise;
  source.opened = Promise.withResolvers();
  source.break();
  await clock.advance(0);
  loop.wake();
  await source.opened.promise;
  assert.deepEqual(source.lists.map(({ limit }) => limit), [100, 1]);
  await end();
});

Deno.test("ReflectorLoop reports a watch that broke, or ended before its time", async () => {
  const cases = [
    { after: 5_000, end: "break", broken: 1 },
    { after: 5_000, end: "close", broken: 1 },
    { after: 7_990, end: "close", broken: 0 },
    { after: 20_000, end: "silence", broken: 0 },
  ] as const;
  for (const { after, end: how, broken: expected } of cases) {
    const { source, clock, broken, end } = running(() => {});
    await source.opened.promise;
    await clock.advance(after);
    if (how !== "silence") source[how]();
    await clock.advance(0);
    assert.equal(broken.count, expected, `${how} after ${after} ms`);
    await end();
  }
});

Deno.test("ReflectorLoop does not take an event that cannot be read for a broken watch", async () => {
  const { source, clock, broken, end } = running(() => {});
  await source.opened.promise;
  source.opened = Promise.withResolvers();
  source.push("ERROR", { code: 410, message: "too old" });
  await clock.advance(5_000);
  await source.opened.promise;
  source.push("NEWER", {});
  await clock.advance(0);
  assert.equal(broken.count, 0);
  await end();
});

Deno.test("ReflectorLoop reports why a kind cannot be read, until it can be", async () => {
  const log: LogLine[] = [];
  const clock = new ManualClock();
  const stop = new AbortController();
  const source = new Source();
  let isServed = false;
  const loop = new ReflectorLoop<KubeObject>({
    name: "things",
    source: {
      list: (options) => {
        const error = new ApiError({ method: "GET", path: "/things", httpCode: 404 });
        return isServed ? source.list(options) : Promise.reject(error);
      },
      watch: () => source.watch(),
      read: source.read,
    },
    onChange() {},
    clock,
    random: () => 0.5,
    logger: recordingLogger(log),
    notServedText: "install things",
  });
  const ended = loop.run(stop.signal);
  await clock.advance(100);
  assert.equal(loop.problem(), "install things");
  assert.deepEqual(log.map(({ level, fields }) => [level, fields.code, fields.error]), [
    ["warn", 404, "install things"],
  ]);
  assert.equal(loop.isSynced(), false);
  isServed = true;
  for (let second = 0; second < 5; second++) await clock.advance(1_000);
  assert.equal(loop.problem(), undefined);
  assert.equal(loop.isSynced(), true);
  stop.abort();
  await ended;
});

for (const [code, level] of [[429, "info"], [500, "warn"]] as const) {
  Deno.test(`ReflectorLoop logs that the API server answers ${code} as ${level}`, async () => {
    const log: LogLine[] = [];
    const clock = new ManualClock();
    const stop = new AbortController();
    const { read } = new Source();
    const error = new ApiError({ method: "GET", path: "/things", httpCode: code });
    const loop = new ReflectorLoop<KubeObject>({
      name: "things",
      source: { list: () => Promise.reject(error), watch: () => Promise.reject(error), read },
      onChange() {},
      clock,
      random: () => 0.5,
      logger: recordingLogger(log),
    });
    const ended = loop.run(stop.signal);
    await clock.advance(100);
    assert.deepEqual(log.map((line) => [line.level, line.message, line.fields.code]), [
      [level, "Cannot list or watch; trying again", code],
    ]);
    assert.notEqual(loop.problem(), undefined);
    stop.abort();
    await ended;
  });
}

Deno.test("ReflectorLoop pauses between events, but not before its first list is complete", async () => {
  const applied: string[] = [];
  let resume: (() => void) | undefined;
  let pauses = 0;
  const pause = () => {
    pauses++;
    return new Promise<void>((resolve) => resume = resolve);
  };
  const { source, clock, end } = running((change) => {
    if (change.type === "page") assert.equal(pauses, 0);
    if (change.type === "apply") applied.push(change.object.metadata.name ?? "");
  }, { pause });
  const next = async () => {
    resume?.();
    await clock.advance(0);
  };
  await clock.advance(0);
  await next();
  await source.opened.promise;
  source.push("ADDED", object("b", "2"));
  source.push("ADDED", object("c", "3"));
  await next();
  assert.deepEqual(applied, ["b"]);
  await next();
  assert.deepEqual(applied, ["b", "c"]);
  resume?.();
  await end();
});
