import assert from "node:assert/strict";
import { GROUP, PLURAL, STORAGE_VERSION } from "../../lib/api/names.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { MemoryApi } from "./memory_api.ts";
import { startSimulatedController } from "./simulated_controller.ts";

const LEASE = "/apis/coordination.k8s.io/v1/namespaces/sidecarset-system/leases/sidecarset";
const SIDECAR_SETS = `/apis/${GROUP}/${STORAGE_VERSION}/${PLURAL}`;
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const POD = "/api/v1/namespaces/default/pods/web";

/** An API server, and a process that leads. */
async function setUp() {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  const end = startSimulatedController(api, clock);
  /** @param everySecond what another client does meanwhile */
  const pass = async (seconds: number, everySecond = () => {}) => {
    for (let second = 0; second < seconds; second++) {
      everySecond();
      api.sendBookmarks();
      await clock.advance(1_000);
    }
  };
  await pass(10);
  assert.equal(api.list(WEBHOOKS).length, 1, "the leader has registered the webhook");
  return { api, pass, end, changeAll: () => changeAll(api) };
}

/** Writes, without those of the Lease that each replica has to publish its CA bundle. */
function leadersWrites({ writes }: MemoryApi): [string, number][] {
  return [...writes].filter(([kind]) => kind !== "PATCH leases");
}

/** Changes that a leader reacts to, each by a write. */
function changeAll(api: MemoryApi): void {
  const selector = { matchLabels: { app: "web" } };
  const containers = [{ name: "agent", image: "agent:1" }];
  api.put(`${SIDECAR_SETS}/web`, { metadata: { name: "web" }, spec: { selector, containers } });
  api.put(POD, {
    metadata: { name: "web", namespace: "default", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "main:1" }] },
  });
  for (const [path] of api.list(WEBHOOKS)) api.delete(path);
}

Deno.test("a process that another one has replaced as the leader writes nothing until it leads again", async () => {
  const { api, pass, end, changeAll } = await setUp();
  let renewals = 0;
  const renew = () => {
    const spec = { holderIdentity: "another", leaseDurationSeconds: 15, renewTime: renewals++ };
    api.put(LEASE, { metadata: { name: "sidecarset", namespace: "sidecarset-system" }, spec });
  };
  // As long as it may trust its own renewal.
  await pass(10, renew);
  changeAll();
  const before = leadersWrites(api);
  await pass(60, renew);
  assert.deepEqual(leadersWrites(api), before);
  await pass(60);
  assert.equal(api.list(WEBHOOKS).length, 1);
  const [stored] = api.list(SIDECAR_SETS);
  assert.ok(Object(stored?.[1].status).conditions?.length > 0, "the status is written");
  await end();
});

Deno.test("a leader whose Lease is never answered stops writing, and continues after the answer", async () => {
  const { api, pass, end, changeAll } = await setUp();
  const hanging = Promise.withResolvers<void>();
  const { performRequest } = api;
  api.performRequest = (async (options: Parameters<typeof performRequest>[0]) => {
    if (options.path === LEASE) await hanging.promise;
    return await performRequest.call(api, options);
  }) as typeof performRequest;
  await pass(15);
  changeAll();
  const before = leadersWrites(api);
  await pass(60);
  assert.deepEqual(leadersWrites(api), before);
  hanging.resolve();
  await pass(30);
  assert.equal(api.list(WEBHOOKS).length, 1);
  await end();
});
