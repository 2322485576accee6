import assert from "node:assert/strict";
import { ResizeSupport } from "../../lib/controller/rollout/resize_support.ts";
import { setWith } from "../core/rollout/resize_scene.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { RecordingClient, type Respond } from "../support/recording_client.ts";

const { signal } = new AbortController();
const resizing = setWith({});

function given(respond: Respond) {
  const client = new RecordingClient(respond);
  const clock = new ManualClock();
  const applied: boolean[] = [];
  const index = { applyResizeSupport: (hasResize: boolean) => void applied.push(hasResize) };
  return { client, clock, applied, support: new ResizeSupport({ client, clock, index }) };
}

Deno.test("ResizeSupport asks when a SidecarSet needs it, and not again at once", async () => {
  const { client, applied, support } = given(() => ({ resources: [{ name: "pods/resize" }] }));
  await support.check(setWith({}, { strategy: { resizePolicy: "Never" } }), signal);
  assert.deepEqual(client.requests, []);
  for (let i = 0; i < 3; i++) assert.equal(await support.check(resizing, signal), undefined);
  assert.deepEqual(client.requests.map(({ path }) => path), ["/api/v1"]);
  assert.deepEqual(applied, [true]);
});

Deno.test("ResizeSupport asks again later where it is missing, as the API server can be upgraded", async () => {
  const resources = [{ name: "pods" }];
  const { clock, applied, support } = given(() => ({ resources }));
  const wait = await support.check(resizing, signal);
  assert.deepEqual(applied, [false]);
  assert.ok(wait !== undefined && wait > 0);
  resources.push({ name: "pods/resize" });
  await clock.advance(wait);
  assert.equal(await support.check(resizing, signal), undefined);
  assert.deepEqual(applied, [false, true]);
});

Deno.test("ResizeSupport knows nothing where discovery is forbidden, and rejects other faults", async () => {
  const forbidden = given(() => ({ httpCode: 403 }));
  assert.equal(await forbidden.support.check(resizing, signal), undefined);
  assert.deepEqual(forbidden.applied, []);
  const broken = given(() => ({ httpCode: 503 }));
  await assert.rejects(() => broken.support.check(resizing, signal), /503/);
});
