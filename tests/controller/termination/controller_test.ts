import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import { TerminationController } from "../../../lib/controller/termination/controller.ts";
import { Writer } from "../../../lib/controller/writer.ts";
import { ClusterIndex } from "../../../lib/index/cluster.ts";
import { leader } from "../../support/leader.ts";
import { loopEnvironment } from "../../support/loop_environment.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient, type Respond } from "../../support/recording_client.ts";

const endsWithMain = {
  name: "agent",
  image: "agent:1",
  completionPolicy: "TerminateWithMain" as const,
};

/** A Pod that runs to completion, injected, whose main container has ended. */
function endedPod(env: Record<string, string> = {}): Pod {
  const pod = podOf({
    name: "job",
    injected: [sidecarSetOf({ spec: { containers: [endsWithMain] } })],
  });
  const more = Object.entries(env).map(([name, value]) => ({ name, value }));
  return {
    ...pod,
    spec: {
      ...pod.spec,
      nodeName: "node",
      restartPolicy: "Never",
      containers: pod.spec.containers.map((container) =>
        container.name === "agent"
          ? { ...container, env: [...container.env ?? [], ...more] }
          : container
      ),
    },
    status: {
      phase: "Running",
      containerStatuses: pod.spec.containers.map(({ name, image = "" }) => ({
        name,
        image,
        imageID: "",
        ready: false,
        state: name === "main" ? { terminated: { exitCode: 0 } } : { running: {} },
      })),
    },
  };
}

/** The same, injected when nothing was said of its end. */
function unmarkedPod(): Pod {
  const pod = endedPod();
  const containers = pod.spec.containers.map((container) =>
    container.name === "agent"
      ? { ...container, env: [{ name: "IS_INJECTED", value: "true" }] }
      : container
  );
  return { ...pod, spec: { ...pod.spec, containers } };
}

interface SetUp {
  respond?: Respond;
  virtualNode?: boolean;
  leading?: boolean;
}

async function setUp({ respond, virtualNode = false, leading = true }: SetUp) {
  const clock = new ManualClock();
  const index = new ClusterIndex();
  const asStored: Respond = ({ body }) => ({
    metadata: {},
    spec: { containers: [] },
    ...Object(body),
  });
  const client = new RecordingClient(respond ?? asStored);
  const state = { leading };
  const isLeader = () => state.leading;
  const decided: string[] = [];
  const terminations = new TerminationController({
    index,
    writer: new Writer({
      client,
      clock,
      leadership: { ...leader, isLeader },
      maxInFlight: 4,
      perSecond: 100,
    }),
    ...loopEnvironment({ clock, isLeader }),
    isVirtualNode: () => Promise.resolve(virtualNode),
    events: { record: ({ reason }) => decided.push(reason) },
  });
  index.changes.subscribe((change) => terminations.observe(change));
  const stop = new AbortController();
  const running = terminations.run(stop.signal);
  await settle();
  const observe = async (pod: Pod) => {
    index.applyPod(pod);
    await clock.advance(0);
  };
  const end = async () => {
    stop.abort();
    await running;
  };
  const sent = () => client.requests.map(({ method, path }) => `${method} ${path}`);
  return { clock, index, state, terminations, decided, observe, sent, end };
}

Deno.test("TerminationController patches the status of a Pod whose main containers have ended, once", async () => {
  const { observe, sent, decided, end } = await setUp({});
  await observe(endedPod());
  assert.deepEqual(sent(), ["PATCH /api/v1/namespaces/default/pods/job/status"]);
  assert.deepEqual(decided, ["MainContainersSucceeded"]);
  await end();
});

Deno.test("TerminationController leaves Pods alone that go on", async () => {
  const { observe, sent, end } = await setUp({});
  const pod = endedPod();
  await observe({ ...pod, spec: { ...pod.spec, restartPolicy: "Always" } });
  assert.deepEqual(sent(), []);
  await end();
});

Deno.test("TerminationController patches the image on a virtual node, and says where there is none", async () => {
  const { observe, sent, decided, end } = await setUp({ virtualNode: true });
  await observe(endedPod());
  assert.deepEqual([sent(), decided], [[], ["TerminationImageMissing"]]);
  const image = { KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE: "exit:1" };
  await observe(endedPod(image));
  assert.deepEqual(sent(), ["PATCH /api/v1/namespaces/default/pods/job"]);
  await end();
});

Deno.test("TerminationController retries after a conflict and a fault, not for a deleted Pod", async () => {
  const answers = [{ httpCode: 409 }, { httpCode: 500 }, { httpCode: 404 }];
  const { observe, sent, clock, end } = await setUp({
    respond: () => answers.shift() ?? { metadata: {} },
  });
  await observe(endedPod());
  for (const [milliseconds, requests] of [[0, 1], [100, 2], [100, 3], [60_000, 3]] as const) {
    await clock.advance(milliseconds);
    assert.equal(sent().length, requests);
  }
  await end();
});

Deno.test("TerminationController does nothing as a follower, and looks at all Pods as the leader", async () => {
  const { observe, sent, state, terminations, clock, end } = await setUp({ leading: false });
  await observe(endedPod());
  assert.deepEqual(sent(), []);
  state.leading = true;
  terminations.resync();
  await clock.advance(0);
  assert.equal(sent().length, 1);
  await end();
});

Deno.test("TerminationController looks at the Pods of a SidecarSet whose spec changed", async () => {
  const { observe, sent, index, clock, end } = await setUp({});
  index.applySidecarSet(sidecarSetOf());
  await observe(unmarkedPod());
  assert.deepEqual(sent(), []);
  const spec = { containers: [endsWithMain] };
  index.applySidecarSet(sidecarSetOf({ generation: 2, resourceVersion: "2", spec }));
  await clock.advance(0);
  assert.equal(sent().length, 1);
  await end();
});

Deno.test("TerminationController checks the Pods of a SidecarSet recreated without a watch event", async () => {
  const { clock, index, observe, sent, end } = await setUp({});
  const apply = async (uid: string, completionPolicy?: "TerminateWithMain") => {
    const { sidecarSet, ...prepared } = sidecarSetOf({
      resourceVersion: uid,
      spec: {
        containers: [
          { name: "agent", image: "agent:1", ...(completionPolicy ? { completionPolicy } : {}) },
        ],
      },
    });
    const metadata = { ...sidecarSet.metadata, uid };
    index.applySidecarSet({ ...prepared, sidecarSet: { ...sidecarSet, metadata } });
    await clock.advance(0);
  };
  await apply("1");
  await observe(unmarkedPod());
  assert.deepEqual(sent(), []);
  await apply("2", "TerminateWithMain");
  assert.equal(sent().length, 1);
  await end();
});
