import assert from "node:assert/strict";
import { startControlPlane } from "../support/control_plane.ts";
import type { ControllerProcess } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { createPods } from "../support/pod_load.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const agent = (image: string) => ({ containers: [{ name: "agent", image }] });

/** How often a replica has sent what only the leader may send; its Lease is renewed by PUT. */
async function leadersWrites({ healthUrl }: ControllerProcess): Promise<number> {
  const text = await (await fetch(`${healthUrl}/metrics`)).text();
  const matches = text.matchAll(
    /^rest_client_requests_total\{method="(?:PATCH|POST|DELETE)",.*\} (\d+)$/gm,
  );
  return [...matches].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Waits until a replica has nothing to write for a while; resolves to how much it has written. */
async function untilQuiet(replica: ControllerProcess): Promise<number> {
  let last = -1;
  return await eventually(async () => {
    const before = last;
    last = await leadersWrites(replica);
    return last === before ? last : undefined;
  }, { what: "the leader has nothing to write", interval: 1_500, timeout: 60_000 });
}

Deno.test("replicas of the controller", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await using replicas = new Replicas(plane);
  await replicas.start();
  await replicas.start();
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: { app: "web" } },
    ...agent("agent:1"),
    failurePolicy: "Fail",
  });
  const load = (name: string, signal: AbortSignal) =>
    createPods(plane, { labels: { app: "web" }, sidecar: "agent", inFlight: 4, name, signal });
  const untilImage = (image: string) => {
    const started = performance.now();
    return untilSidecarSet(plane, "agent", {
      what: `is seen with ${image}`,
      is: ({ metadata, status }) => status?.observedGeneration === metadata.generation,
      timeout: 60_000,
    }).then(() => performance.now() - started);
  };

  await t.step("are restarted one after another without a refused Pod", async () => {
    const end = new AbortController();
    const loading = load("rolling", end.signal);
    for (const old of [...replicas.all]) {
      await replicas.start();
      await old.stop("SIGTERM");
      replicas.forget(old);
    }
    end.abort();
    const { created, uninjected, refusals } = await loading;
    console.log(`${created} Pods while two replicas were replaced`);
    assert.deepEqual({ uninjected, refusals }, { uninjected: 0, refusals: [] });
    assert.ok(created > 0);
  });

  await t.step("go on when the leader is killed", async () => {
    const leader = await eventually(() => replicas.leader(), {
      what: "there is a leader",
      timeout: 60_000,
    });
    await leader.stop("SIGKILL");
    replicas.forget(leader);
    const { refusals } = await load("killed", AbortSignal.timeout(3_000));
    // What was under way at the moment, until the Service knows.
    console.log(`${refusals.length} Pods refused after the leader was killed`);
    const later = await load("later", AbortSignal.timeout(2_000));
    assert.deepEqual(later.refusals, []);
    await patchSidecarSet(plane, "agent", agent("agent:2"));
    console.log(`another one led ${Math.round(await untilImage("agent:2"))} ms later`);
    await replicas.start();
  });

  await t.step("have one writer though the leader was paused past its Lease", async () => {
    const paused = await eventually(() => replicas.leader(), {
      what: "there is a leader",
      timeout: 60_000,
    });
    await plane.client.performRequest({
      method: "DELETE",
      path: "/api/v1/namespaces/default/pods",
    });
    // What is under way when it is paused would be counted only when its answer is read.
    const before = await untilQuiet(paused);
    paused.signal("SIGSTOP");
    // The API server would wait on its connection to it for 45 s (HTTP/2 pings), and this is about writing.
    replicas.balancer.remove(paused);
    await eventually(() => patchSidecarSet(plane, "agent", agent("agent:3")).then(() => true), {
      what: "the API server has another connection",
      timeout: 90_000,
    });
    console.log(`another one led after ${Math.round(await untilImage("agent:3"))} ms`);
    paused.signal("SIGCONT");
    await patchSidecarSet(plane, "agent", agent("agent:4"));
    await untilImage("agent:4");
    await eventually(() => paused.log().includes("Is not the leader any more"), {
      what: "the paused replica knows",
      timeout: 60_000,
    });
    assert.equal(await leadersWrites(paused), before);
  });
});
