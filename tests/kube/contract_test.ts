import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import { readAllItems } from "../../lib/kube/contract.ts";
import { listWatch } from "../../lib/kube/list_watch.ts";
import { list } from "../../lib/kube/requests.ts";
import { ReflectorLoop } from "../../lib/kube/reflector_loop.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { recordingLogger } from "../faults/reflecting.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ForeignClient } from "./foreign_client.ts";

Deno.test("another client of the contract can be put in: it drives the reflector", async () => {
  const client = new ForeignClient();
  const clock = new ManualClock();
  const reported: string[] = [];
  const stop = new AbortController();
  const loop = new ReflectorLoop({
    name: "configmaps",
    source: listWatch(client, { resource: resources.configMaps }),
    onChange: (change) => {
      if (change.type === "page") reported.push(`=${change.items.map(nameOf)}`);
      else if (change.type === "apply") reported.push(`+${nameOf(change.object)}`);
    },
    clock,
    random: () => 0.5,
    logger: recordingLogger([]),
  });
  const ended = loop.run(stop.signal);
  for (let second = 0; second < 10; second++) await clock.advance(1_000);
  assert.deepEqual(reported, ["=a", "+b", "=a"]);
  const watch = "allowWatchBookmarks=true";
  assert.deepEqual(client.asked, [
    "/api/v1/configmaps?limit=100",
    `/api/v1/configmaps?watch=true&resourceVersion=1&timeoutSeconds=290&${watch}`,
    `/api/v1/configmaps?watch=true&resourceVersion=2&timeoutSeconds=290&${watch}`,
    "/api/v1/configmaps?limit=100",
    `/api/v1/configmaps?watch=true&resourceVersion=1&timeoutSeconds=290&${watch}`,
  ]);
  stop.abort();
  await ended;
});

Deno.test("another client of the contract serves single requests", async () => {
  const page = await send(new ForeignClient(), list(resources.configMaps));
  assert.deepEqual(page.items.map(({ metadata }) => metadata.name), ["a"]);
});

Deno.test("readAllItems() reads page after page with the token of the one before", async () => {
  const tokens: (string | undefined)[] = [];
  const items = await Array.fromAsync(readAllItems((token) => {
    tokens.push(token);
    const last = tokens.length === 3;
    return Promise.resolve({
      metadata: last ? {} : { continue: `t${tokens.length}` },
      items: [tokens.length],
    });
  }));
  assert.deepEqual(items, [1, 2, 3]);
  assert.deepEqual(tokens, [undefined, "t1", "t2"]);
});

function nameOf({ metadata }: KubeObject): string {
  return metadata.name ?? "";
}
