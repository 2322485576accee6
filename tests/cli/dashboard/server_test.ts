import assert from "node:assert/strict";
import { createGuard } from "../../../lib/cli/dashboard/guard.ts";
import { createHandler } from "../../../lib/cli/dashboard/server.ts";
import { createTerminal } from "../../../lib/cli/terminal/terminal.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { clusterOf, type ObjectClusterOptions } from "../object_cluster.ts";
import { stringTerminal } from "../string_terminal.ts";

const ORIGIN = "http://127.0.0.1:8080";
const HOSTILE = `<img src=x onerror="document.title='owned'">`;

const stored = {
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "web", uid: "uid-of-web", resourceVersion: "1", generation: 1 },
  spec: {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
  },
};

interface SceneOptions extends ObjectClusterOptions {
  readonly isReadOnly?: boolean;
}

/** A server for a cluster with one SidecarSet, and a browser that has entered. */
function scene({ isReadOnly = false, ...options }: SceneOptions = {}) {
  const pod = { apiVersion: "v1", kind: "Pod", ...podOf({ injected: [sidecarSetOf()] }) };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };
  const cluster = clusterOf([stored, pod, namespace], options);
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf());
  const clock = new ManualClock();
  const ended = new AbortController();
  let version = 0;
  index.changes.subscribe(() => version++);
  const view = { index, version: () => version, problems: () => [], run: () => Promise.resolve() };
  const guard = createGuard(() => 8080, () => "secret");
  const handler = createHandler({
    guard,
    view,
    clock,
    clusterName: "test",
    isReadOnly,
    signal: ended.signal,
    context: {
      terminal: createTerminal(stringTerminal()),
      connection: { client: cluster.client, namespace: "default", now: () => new Date(0) },
      options: { systemNamespace: "sidecarset-system", excludeNamespaces: [] },
    },
  });
  const headers = { host: "127.0.0.1:8080", cookie: "sidecarset-dashboard-8080=secret" };
  return {
    cluster,
    index,
    clock,
    end: () => ended.abort(),
    get: (path: string) => handler(new Request(`${ORIGIN}${path}`, { headers })),
    post: (path: string, body: unknown, more: Record<string, string> = {}) => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const json = { "content-type": "application/json", "content-length": `${text.length}` };
      return handler(
        new Request(`${ORIGIN}${path}`, {
          method: "POST",
          headers: { ...headers, origin: ORIGIN, ...json, ...more },
          body: text,
        }),
      );
    },
    send: (method: string, path: string) =>
      handler(new Request(`${ORIGIN}${path}`, { method, headers })),
    outside: (path: string) =>
      handler(new Request(`${ORIGIN}${path}`, { headers: { host: headers.host } })),
  };
}

Deno.test("every response forbids content from elsewhere, also that of a refusal", async () => {
  const { get, outside } = scene();
  for (
    const response of [
      await get("/"),
      await get("/api/session"),
      await outside("/"),
      await get("/nothing"),
    ]
  ) {
    const policy = response.headers.get("content-security-policy") ?? "";
    assert.match(policy, /^default-src 'self';/);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    await response.body?.cancel();
  }
});

Deno.test("the page loads only what the server has", async () => {
  const { get } = scene();
  const pending = ["/"];
  const seen = new Set<string>();
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const response = await get(path);
    assert.equal(response.status, 200, path);
    const text = await response.text();
    const references = text.matchAll(/(?:src|href)="(\/[^"#]+)"|from "\.(\/[^"]+)"/g);
    for (const [, absolute, relative] of references) pending.push(absolute ?? relative ?? "");
  }
  assert.ok(seen.has("/pod_grid.js") && seen.has("/style.css"), [...seen].join());
});

Deno.test("a preview of an action writes nothing, and the action itself writes once", async () => {
  const { cluster, post } = scene();
  const preview = await (await post("/api/actions", { action: "pause", name: "web", dryRun: true }))
    .json();
  assert.equal(preview.status, 0);
  assert.equal(preview.output, "sidecarset.apps.kruise.io/web paused (server dry run)\n");
  assert.ok(
    cluster.writes().every((write) => write.includes("dryRun=All")),
    cluster.writes().join(),
  );
  await (await post("/api/actions", { action: "pause", name: "web", dryRun: false })).body
    ?.cancel();
  assert.deepEqual(cluster.writes().filter((write) => !write.includes("dryRun=All")), [
    "PATCH /apis/apps.kruise.io/v1beta1/sidecarsets/web?fieldManager=sidecarset-cli " +
    '{"spec":{"updateStrategy":{"paused":true}}}',
  ]);
});

Deno.test("with --read-only every action is refused, and nothing is written", async () => {
  const { cluster, post } = scene({ isReadOnly: true });
  for (const action of ["pause", "resume", "undo", "restart-injection"]) {
    const response = await post("/api/actions", { action, name: "web", dryRun: false });
    assert.equal(response.status, 403);
    assert.equal(await response.text(), "Cannot change anything: started with --read-only\n");
  }
  assert.deepEqual(cluster.writes(), []);
});

Deno.test("actions that the user may not perform are named with the missing right", async () => {
  const { get } = scene({
    isAllowed: ({ resourceAttributes }) =>
      !JSON.stringify(resourceAttributes).includes("sidecarsets"),
  });
  const forbidden = await (await get("/api/forbidden?name=web")).json();
  const why = "this user may not patch sidecarsets.apps.kruise.io web";
  assert.deepEqual(forbidden, { pause: why, resume: why, undo: why });
});

Deno.test("a request that cannot be understood is refused with the field", async () => {
  const { cluster, post, get } = scene();
  const wrong: [unknown, RegExp][] = [
    ["{", /must be a JSON object/],
    [[], /must be a JSON object/],
    [{ action: "delete", name: "web", dryRun: false }, /action must be one of pause, /],
    [{ action: "pause", dryRun: false }, /name is missing/],
    [{ action: "pause", name: "web" }, /dryRun must be true or false/],
    [
      { action: "undo", name: "web", dryRun: false, toRevision: "1" },
      /toRevision must be a number/,
    ],
  ];
  for (const [body, message] of wrong) {
    const response = await post("/api/actions", body);
    assert.equal(response.status, 400);
    assert.match(await response.text(), message);
  }
  assert.deepEqual(cluster.writes(), []);
  assert.equal((await get("/api/unknown")).status, 404);
});

Deno.test("an unknown SidecarSet is answered with those that exist", async () => {
  const { post, get } = scene();
  const { status, errors } =
    await (await post("/api/actions", { action: "pause", name: "x", dryRun: true })).json();
  assert.equal(status, 2);
  assert.equal(errors, "Cannot find SidecarSet x: the cluster has web\n");
  const response = await get("/api/yaml?name=x");
  assert.equal(response.status, 502);
  assert.match(await response.text(), /the cluster has web/);
});

Deno.test("the preview of edited YAML is what diff prints, and writes nothing", async () => {
  const { cluster, post, get } = scene();
  const { yaml } = await (await get("/api/yaml?name=web")).json();
  assert.match(yaml, /^apiVersion: apps\.kruise\.io\/v1beta1\nkind: SidecarSet\n/);
  const same = await (await post("/api/diff", { yaml })).json();
  assert.equal(same.output, "SidecarSet web would not change.\n");
  const edited = await (await post("/api/diff", { yaml: yaml.replace("agent:1", "agent:2") }))
    .json();
  assert.match(edited.output, /^\+ {2}image: agent:2$/m);
  assert.match(edited.output, /1 upgraded in place, in 1 round/);
  const invalid = await (await post("/api/diff", { yaml: yaml.replace("agent:1", '""') })).json();
  assert.equal(invalid.status, 2);
  assert.match(invalid.errors, /spec\.containers\[0\]\.image/);
  assert.deepEqual(cluster.writes(), []);
});

Deno.test("a Pod is explained with the fields that come from each SidecarSet", async () => {
  const { get } = scene();
  const { sidecarSets } = await (await get("/api/pod?namespace=default&name=pod")).json();
  const [{ name, word, fields }] = sidecarSets;
  assert.deepEqual([name, word, fields], ["web", "injected, up to date", [
    "spec.containers[agent]",
  ]]);
});

Deno.test("a Pod that does not exist is a sentence, and its name is no path", async () => {
  const { get, cluster } = scene();
  for (const name of ["missing", "../../api/v1/secrets/x", "a/b", "..", "?x=1", "%2e%2e"]) {
    const query = new URLSearchParams({ namespace: "../../kube-system", name });
    const response = await get(`/api/pod?${query}`);
    assert.equal(response.status, 502, name);
    assert.match(await response.text(), /^Cannot /);
  }
  assert.deepEqual(cluster.writes(), []);
});

Deno.test("other methods and paths are refused, and HEAD has the headers of GET", async () => {
  const { send, get } = scene();
  assert.equal((await send("HEAD", "/")).headers.get("content-type"), "text/html; charset=utf-8");
  const refused = [
    ["DELETE", "/"],
    ["PUT", "/api/actions"],
    ["GET", "/api/actions"],
    ["HEAD", "/api/live"],
    ["OPTIONS", "/api/diff"],
  ] as const;
  for (const [method, path] of refused) assert.equal((await send(method, path)).status, 405, path);
  const missing = ["/../deno.json", "/%2e%2e/main.ts", "//main.js", "/style.css/", "/__proto__"];
  for (const path of missing) assert.equal((await get(path)).status, 404, path);
});

Deno.test("a body without a length, or that is too large, is refused unread", async () => {
  const { post } = scene();
  for (const length of ["", "5000000", "x"].map((each) => ({ "content-length": each }))) {
    const response = await post("/api/diff", { yaml: "" }, length);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /too large/);
  }
});

Deno.test("hostile YAML is refused, and does not grow", async () => {
  const { post, cluster } = scene();
  const levels = Array.from(
    { length: 30 },
    (_, at) => `  l${at + 1}: &l${at + 1} [${Array(9).fill(`*l${at}`)}]`,
  );
  const hostile = [
    ["metadata:", "  l0: &l0 [x]", ...levels].join("\n"),
    "a: &a [*a]",
    "[".repeat(100_000),
    "{__proto__: {polluted: true}}",
    "!!js/function 'function(){}'",
    "\u0000",
  ];
  for (const yaml of hostile) {
    const response = await post("/api/diff", { yaml });
    assert.equal(response.status, 200);
    const { status, errors } = await response.json();
    assert.equal(status, 2, yaml.slice(0, 60));
    assert.ok(errors.length < 10_000, errors.slice(0, 200));
  }
  assert.equal("polluted" in {}, false);
  assert.deepEqual(cluster.writes(), []);
});

interface ServerEvent {
  readonly event: string;
  readonly data: {
    all: boolean;
    changed: { name?: string; key?: string; message?: string }[];
    removed: string[];
  };
}

/** Reads events until one of the kind comes. */
async function nextEvent(
  reader: ReadableStreamDefaultReader<string>,
  kind: string,
): Promise<ServerEvent["data"]> {
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the stream ended");
    const [, event, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(value) ?? [];
    if (event === kind) return JSON.parse(data ?? "");
  }
}

Deno.test("the shown Pod is reported at first, and at each change of it", async () => {
  const { get, index, clock, end } = scene();
  index.applyNamespace({ metadata: { name: "default" } });
  const response = await get("/api/live?pod=default/pod");
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  assert.equal(await nextEvent(reader, "pod"), null);
  for (const resourceVersion of ["2", "3"]) {
    index.applyPod(podOf({ resourceVersion }));
    await clock.advance(1_000);
    assert.equal(await nextEvent(reader, "pod"), null);
  }
  index.deletePod("default/pod");
  await clock.advance(1_000);
  assert.equal(await nextEvent(reader, "pod"), null);
  end();
  await clock.advance(1_000);
  await reader.cancel();
});

Deno.test("updates begin with everything, then have what changed, as text", async () => {
  const { get, index, clock, end } = scene();
  const response = await get("/api/live?name=web");
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const first = await nextEvent(reader, "rows");
  assert.deepEqual([first.all, first.changed.map(({ name }) => name)], [true, ["web"]]);
  assert.deepEqual(await nextEvent(reader, "cells"), { all: true, changed: [], removed: [] });
  const condition = {
    type: "Progressing",
    status: "True",
    reason: "RollingOut",
    message: HOSTILE,
  } as const;
  const conditions = [{ ...condition, lastTransitionTime: "2026-01-01T00:00:00Z" }];
  index.applySidecarSet(
    sidecarSetOf({ name: "other", status: { observedGeneration: 1, conditions } }),
  );
  index.applyNamespace({ metadata: { name: "default" } });
  index.applyPod(podOf());
  await clock.advance(1_000);
  const next = await nextEvent(reader, "rows");
  assert.deepEqual(next.changed.map(({ name, message }) => [name, message]), [["other", HOSTILE]]);
  assert.equal(next.all, false);
  assert.deepEqual((await nextEvent(reader, "cells")).changed.map(({ key }) => key), [
    "default/pod",
  ]);
  index.deleteSidecarSet("other");
  await clock.advance(1_000);
  assert.deepEqual((await nextEvent(reader, "rows")).removed, ["other"]);
  end();
  await clock.advance(1_000);
  await reader.cancel();
});
