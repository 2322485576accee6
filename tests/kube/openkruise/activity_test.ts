import assert from "node:assert/strict";
import { openKruiseActivity } from "../../../lib/kube/openkruise.ts";
import { createOpenKruiseGuard } from "../../../lib/controller/openkruise/guard.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import {
  KRUISE_NAMESPACE as namespace,
  kruiseLease,
  kruiseManager,
  kruiseRegistration,
} from "../../support/openkruise.ts";
import { quietLogger } from "../../support/quiet_logger.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const now = new Date("2026-01-01T00:00:00Z");
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);
const MANAGER = "/deployments/kruise-controller-manager";
const LEASE = "/leases/kruise-manager";
const [mutating = {}, validating = {}] = kruiseRegistration();
const [noMutating = {}] = kruiseRegistration({ except: ["sidecarsets"] });

/** What a cluster answers, by the ends of paths; a number is a status, and what is not named is not there. */
type Cluster = Record<string, object | number>;

const REGISTERED: Cluster = {
  "/kruise-mutating-webhook-configuration": mutating,
  "/kruise-validating-webhook-configuration": validating,
};

function clientOf(cluster: Cluster): RecordingClient {
  return new RecordingClient(({ path }) => {
    const [, answer = 404] = Object.entries(cluster).find(([end]) => path.endsWith(end)) ?? [];
    return typeof answer === "number" ? { httpCode: answer } : answer;
  });
}

function activityIn(cluster: Cluster) {
  const { signal } = new AbortController();
  return openKruiseActivity({ client: clientOf(cluster), namespace, signal, now });
}

for (
  const [what, cluster, state] of [
    ["nothing of it is there", {}, "absent"],
    ["its manager runs, registered", { ...REGISTERED, [MANAGER]: kruiseManager({}) }, "active"],
    [
      "its environment variable leaves SidecarSet out",
      { ...REGISTERED, [MANAGER]: kruiseManager({ kinds: "CloneSet,StatefulSet" }) },
      "active",
    ],
    [
      "only its validating webhook takes SidecarSets",
      {
        "/kruise-mutating-webhook-configuration": noMutating,
        "/kruise-validating-webhook-configuration": validating,
        [MANAGER]: kruiseManager({}),
      },
      "active",
    ],
    [
      "its manager is a build without SidecarSet",
      {
        "/kruise-mutating-webhook-configuration": noMutating,
        [MANAGER]: kruiseManager({}),
      },
      "absent",
    ],
    [
      "a manager of another name renews its Lease",
      { ...REGISTERED, [LEASE]: kruiseLease(ago(20)) },
      "active",
    ],
    [
      "its Deployment is scaled to 0, and its Lease has passed",
      { ...REGISTERED, [MANAGER]: kruiseManager({ replicas: 0 }), [LEASE]: kruiseLease(ago(31)) },
      "left",
    ],
    ["its manager is deleted", REGISTERED, "left"],
    ["its manager may not be read", { ...REGISTERED, [MANAGER]: 403 }, "active"],
    ["its Lease may not be read", { ...REGISTERED, [LEASE]: 403 }, "active"],
    [
      "an older role does not grant its validating registration",
      { ...REGISTERED, "/kruise-validating-webhook-configuration": 403, [MANAGER]: 404 },
      "left",
    ],
  ] satisfies [string, Cluster, string][]
) {
  Deno.test(`OpenKruise is ${state} where ${what}`, async () => {
    const activity = await activityIn(cluster);
    assert.equal(activity.state, state);
    if (activity.state !== "active") return;
    assert.match(activity.problem, /kruise-(mutating|validating)-webhook-configuration/);
    assert.match(activity.remedy, /[Rr]emove OpenKruise, or run a build of its manager without/);
  });
}

Deno.test("OpenKruise is active where its manager runs in the namespace of its webhooks' Service", async () => {
  const [mutating = {}, validating = {}] = kruiseRegistration({ namespace: "ops" });
  const registered: Cluster = {
    "/kruise-mutating-webhook-configuration": mutating,
    "/kruise-validating-webhook-configuration": validating,
  };
  const manager = `/ops${MANAGER}`;
  const active = await activityIn({ ...registered, [manager]: kruiseManager({}) });
  assert.match(JSON.stringify(active), /the Deployment ops\/kruise-controller-manager runs/);
  const unknown = await activityIn({ ...registered, [manager]: 403 });
  assert.equal(unknown.state, "active");
  assert.match(JSON.stringify(unknown), /manifests --openkruise --openkruise-namespace ops adds/);
  const elsewhere = `/${namespace}${MANAGER}`;
  const left = await activityIn({ ...registered, [elsewhere]: kruiseManager({}) });
  assert.equal(left.state, "left");
});

Deno.test("the guard looks all the time: work begins, ends and begins again", async () => {
  const cluster: Cluster = { ...REGISTERED, [MANAGER]: kruiseManager({}) };
  const clock = new ManualClock(now);
  const guard = createOpenKruiseGuard({
    client: clientOf(cluster),
    namespace,
    clock,
    logger: quietLogger,
  });
  const reported: string[] = [];
  const stop = new AbortController();
  const running = guard.run(async (signal) => {
    reported.push("begun");
    await clock.sleep(Infinity, signal);
    reported.push("ended");
  }, stop.signal);
  await clock.advance(30_000);
  assert.deepEqual(reported, []);
  assert.match(
    guard.problem() ?? "",
    /the Deployment kruise-system\/kruise-controller-manager runs/,
  );
  cluster[MANAGER] = 404;
  await clock.advance(10_000);
  assert.deepEqual([reported, guard.problem()], [["begun"], undefined]);
  cluster[MANAGER] = kruiseManager({ kinds: "CloneSet" });
  await clock.advance(10_000);
  assert.deepEqual(reported, ["begun", "ended"]);
  assert.ok(guard.problem());
  cluster["/kruise-mutating-webhook-configuration"] = 500;
  await clock.advance(5_000);
  assert.ok(guard.problem(), "an error changes nothing");
  delete cluster["/kruise-mutating-webhook-configuration"];
  delete cluster["/kruise-validating-webhook-configuration"];
  await clock.advance(10_000);
  assert.deepEqual(reported, ["begun", "ended", "begun"]);
  stop.abort();
  await running;
  assert.deepEqual(reported, ["begun", "ended", "begun", "ended"]);
});
