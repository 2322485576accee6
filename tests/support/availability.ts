import assert from "node:assert/strict";
import { join } from "node:path";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import type { AuditedRequest } from "./audit.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { eventually } from "./eventually.ts";
import { install } from "./installation.ts";
import { createPods } from "./pod_load.ts";
import { ownRefusals } from "./refusals.ts";
import { Relay } from "./relay.ts";
import { type ReplicaOptions, Replicas } from "./replicas.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "./sidecarsets.ts";

const PODS = 60;
const agent = (image: string) => ({ containers: [{ name: "agent", image }] });
const LEASE_LOST = "Lost leadership";

/** Replicas, each of which reaches the API server over its own connection. */
class WiredReplicas extends Replicas {
  readonly #plane: ControlPlane;
  readonly #lines = new Map<ControllerProcess, Relay>();

  constructor(plane: ControlPlane) {
    // Slow enough that a roll-out can be met in its middle.
    super(plane, ["--writes-per-second", "20"]);
    this.#plane = plane;
  }

  override async start({ args = [] }: ReplicaOptions = {}): Promise<ControllerProcess> {
    const { url, folder, controllerKubeconfig } = this.#plane;
    const line = new Relay(() => Number(new URL(url).port));
    const text = await Deno.readTextFile(controllerKubeconfig);
    const kubeconfig = join(folder, `line-${line.port}.kubeconfig`);
    await Deno.writeTextFile(
      kubeconfig,
      text.replaceAll(url, `https://127.0.0.1:${line.port}`),
    );
    const replica = await super.start({ kubeconfig, args });
    this.#lines.set(replica, line);
    return replica;
  }

  /** Makes the API server's connection to the webhook one to this replica. */
  leadTo(replica: ControllerProcess): Promise<void> {
    return this.reconnect(this.all.filter((each) => each !== replica));
  }

  lineOf(replica: ControllerProcess): Relay | undefined {
    return this.#lines.get(replica);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines.values()) await line[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }
}

interface Fault {
  readonly says: string;
  /** Whether the replica still answers reviews. */
  readonly answers: boolean;
  strike(leader: ControllerProcess, replicas: WiredReplicas): Promise<unknown> | void;
  /** Absent where nothing is left to go on. */
  heal?(leader: ControllerProcess, replicas: WiredReplicas): void;
}

const FAULTS: readonly Fault[] = [
  {
    says: "is paused past its Lease and goes on",
    answers: false,
    strike: (leader) => leader.signal("SIGSTOP"),
    heal: (leader) => leader.signal("SIGCONT"),
  },
  {
    says: "is cut off from the API server, which then gets what it has sent",
    answers: true,
    strike: (leader, replicas) => replicas.lineOf(leader)?.silence(),
    heal: (leader, replicas) => replicas.lineOf(leader)?.resume(),
  },
  { says: "is killed", answers: false, strike: (leader) => leader.stop("SIGKILL") },
];

/** Writes that only the leader may send; an event overwrites nothing. */
function isLeadersWrite({ verb, resource, code }: AuditedRequest): boolean {
  return ["create", "update", "patch", "delete"].includes(verb) && code < 300 &&
    !["leases", "secrets", "events"].includes(resource);
}

/**
 * Tests a number of replicas on a real control plane: when the leader fails, another replica continues, the two never
 * both write, and no Pod is refused for longer than the failure.
 */
export async function testReplicas(t: Deno.TestContext, count: number): Promise<void> {
  await using plane = await startControlPlane({ kubelet: false, audit: true });
  await install(plane);
  await using replicas = new WiredReplicas(plane);
  for (let i = 0; i < count; i++) await replicas.start();
  const web = { labels: { app: "web" }, sidecar: "agent", inFlight: 4 };
  const guarded = { labels: { app: "guarded" }, sidecar: "guard", inFlight: 4, pause: 20 };
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: web.labels },
    ...agent("agent:1"),
  });
  await createSidecarSet(plane, "guard", {
    selector: { matchLabels: guarded.labels },
    containers: [{ name: "guard", image: "guard:1" }],
    failurePolicy: "Fail",
  });
  await createPods(plane, {
    ...web,
    name: "web",
    atMost: PODS,
    signal: new AbortController().signal,
  });
  let images = 1;

  /** Changes the image; resolves when some Pods have it, and others not. */
  async function beginRollout(): Promise<void> {
    const image = `agent:${++images}`;
    await patchSidecarSet(plane, "agent", agent(image));
    await eventually(async () => {
      const { items } = await send(
        plane.client,
        list(resources.pods, { namespace: "default", labelSelector: "app=web" }),
      );
      const changed = items.filter(({ spec }) =>
        spec.containers.some((container) => container.image === image)
      ).length;
      if (changed === PODS) throw new Error("Cannot see the middle of a roll-out: it has ended");
      return changed > 0;
    }, { what: `some Pods have ${image}` });
  }

  const untilRolledOut = () =>
    untilSidecarSet(plane, "agent", {
      what: "is rolled out",
      is: ({ metadata, status }) =>
        status?.observedGeneration === metadata.generation && status?.updatedPods === PODS,
      timeout: 120_000,
    });

  for (const { says, answers, strike, heal } of FAULTS) {
    await t.step(`go on where the leader was when it ${says}`, async () => {
      const leader = await replicas.leader();
      const seen = (await plane.controllerRequests()).length;
      const lost = leader.log().split(LEASE_LOST).length;
      await replicas.leadTo(leader);
      await beginRollout();
      const end = new AbortController();
      const name = `${count}-${images}`;
      const atTheMoment = createPods(plane, { ...guarded, name, signal: end.signal });
      await strike(leader, replicas);
      const struck = Date.now();
      // As when the kubelet has noticed; the API server would wait on its connection for 45 s.
      if (!answers) replicas.balancer.remove(leader);
      setTimeout(() => end.abort(), 1_000);
      const { refusals } = await atTheMoment;
      const later = new AbortController();
      const afterwards = createPods(plane, {
        ...guarded,
        name: `${name}-later`,
        signal: later.signal,
      });
      await untilRolledOut();
      later.abort();
      const { created, uninjected, refusals: laterRefusals } = await afterwards;
      if (heal) {
        heal(leader, replicas);
        await eventually(() => leader.log().split(LEASE_LOST).length > lost, {
          what: "the former leader knows",
        });
        await beginRollout();
        await untilRolledOut();
        replicas.balancer.add(leader);
      } else {
        replicas.forget(leader);
        await replicas.start();
      }

      const writes = (await plane.controllerRequests()).slice(seen).filter(isLeadersWrite);
      const isLeaders = ({ userAgent }: AuditedRequest) => userAgent.includes(leader.identity);
      const next = writes.find((write) => !isLeaders(write));
      assert.ok(next, "another one has written");
      const failover = (next.at.getTime() - struck) / 1_000;
      console.log(
        `${count} replicas, the leader ${says}: another one wrote ${
          failover.toFixed(1)
        } s later; ` +
          `${refusals.length} Pods refused at the moment, ${laterRefusals.length} of ${created} after it`,
      );
      const after = writes.slice(writes.indexOf(next));
      assert.deepEqual(after.filter(isLeaders), [], "the former leader has written no more");
      assert.equal(new Set(after.map(({ userAgent }) => userAgent)).size, 1, "one has written");
      assert.deepEqual({ laterRefusals, uninjected }, { laterRefusals: [], uninjected: 0 });
      if (answers) assert.deepEqual(refusals, []);
    });
  }

  await t.step("are replaced by ones with other settings without a refused Pod", async () => {
    const end = new AbortController();
    const loading = createPods(plane, {
      ...guarded,
      name: "rolling",
      pause: 0,
      signal: end.signal,
    });
    for (const old of [...replicas.all]) {
      await replicas.start({ args: ["--exclude-namespaces", "kube-system,another"] });
      await old.stop("SIGTERM");
      replicas.forget(old);
    }
    end.abort();
    const { created, uninjected, refusals } = await loading;
    console.log(`${created} Pods while ${count} replicas were replaced`);
    const own = await ownRefusals(refusals);
    assert.deepEqual({ uninjected, own }, { uninjected: 0, own: [] });
    assert.ok(created > 0);
  });
}
