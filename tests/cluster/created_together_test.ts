import assert from "node:assert/strict";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { install } from "../support/installation.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { readRegistration, untilNothingPending } from "../support/registration.ts";
import { Replicas } from "../support/replicas.ts";
import { conditionOf, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { untilSecondsLater } from "../support/whole_seconds.ts";

const main = { name: "main", image: "main:1" };

const selecting = (app: string, spec: Partial<SidecarSetSpec> = {}): SidecarSetSpec => ({
  selector: { matchLabels: { app } },
  containers: [{ name: "agent", image: "agent:1" }],
  ...spec,
});

/** Resolves when the API server has answered; nothing waits for the controller. */
async function createAtOnce(plane: ControlPlane, name: string, spec: SidecarSetSpec) {
  const body: KubeObject & { spec: SidecarSetSpec } = { metadata: { name }, spec };
  await send(plane.client, create(resources.sidecarSets, { body }));
}

/**
 * Creates a SidecarSet and, once that is answered, Pods that it selects; answers the Pods that did not get the
 * sidecar.
 */
async function round(plane: ControlPlane, name: string, spec: SidecarSetSpec = selecting(name)) {
  const started = performance.now();
  await createAtOnce(plane, name, spec);
  const tookMs = performance.now() - started;
  const pods = new ClusterPods(plane.client);
  const labels = { app: name };
  const created = await Promise.all(
    [1, 2, 3].map((each) =>
      pods.create(`${name}-${each}`, { labels, spec: { containers: [main] } })
    ),
  );
  const lost = created.filter(({ spec }) => !namesOf(spec.containers).includes("agent"));
  return { tookMs, lost: lost.map(({ metadata }) => metadata.name ?? "") };
}

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0;

for (const [replicas, rounds] of [[1, 34], [2, 33], [3, 33]] as const) {
  Deno.test(`A SidecarSet and its Pods, created together with ${replicas} replicas of the controller`, async (t) => {
    await using plane = await startControlPlane({ kubelet: false });
    await install(plane);
    await using running = new Replicas(plane);
    for (let i = 0; i < replicas; i++) await running.start();

    await t.step("lose none of the Pods", async () => {
      const lost: string[] = [];
      const times: number[] = [];
      for (let i = 0; i < rounds; i++) {
        const policy = i % 2 === 0 ? {} : { failurePolicy: "Fail" as const };
        const name = `together-${i}`;
        const result = await round(plane, name, selecting(name, policy));
        lost.push(...result.lost);
        times.push(result.tookMs);
      }
      console.log(
        `${replicas} replicas: SidecarSets created in ${quantile(times, 0.5).toFixed(0)} ms, ` +
          `at most ${Math.max(...times).toFixed(0)} ms; ${lost.length} Pods lost`,
      );
      assert.deepEqual(lost, []);
    });
  });
}

/** One file, as people write it. */
const fileOf = (app: string, spec: SidecarSetSpec) => `
apiVersion: apps.kruise.io/v1alpha1
kind: SidecarSet
metadata: { name: ${app} }
spec: ${JSON.stringify(spec)}
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${app}, namespace: default }
spec:
  replicas: 3
  selector: { matchLabels: { app: ${app} } }
  template:
    metadata: { labels: { app: ${app} } }
    spec: { containers: [{ name: main, image: "main:1" }] }
`;

/** The Pods of an app, once the expected number exists. */
const untilPods = (plane: ControlPlane, app: string, count: number) =>
  eventually(async () => {
    const pods = await new ClusterPods(plane.client).list(`app=${app}`);
    return pods.length === count && pods;
  }, { what: `there are ${count} Pods of ${app}` });

const isInjected = ({ spec }: Pod) => namesOf(spec.containers).includes("agent");

/** Runs something while the program may not change its registration. */
async function withoutUpdates(plane: ControlPlane, run: () => Promise<void>): Promise<void> {
  const path = new URL("../../manifests/rbac.yaml", import.meta.url).pathname;
  const manifest = await Deno.readTextFile(path);
  const input = manifest.replace("verbs: [list, watch, update]", "verbs: [list, watch]");
  assert.notEqual(input, manifest);
  const { kubeconfig } = plane;
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig, input });
  await eventually(async () => {
    const { code } = await kubectl(
      ["auth", "can-i", "update", "mutatingwebhookconfigurations/sidecarset"],
      { kubeconfig: plane.controllerKubeconfig },
    );
    return code !== 0;
  }, { what: "the controller may not change its registration" });
  try {
    await run();
  } finally {
    await kubectlOutput(["apply", "-f", path], { kubeconfig });
  }
}

Deno.test("Selections of SidecarSets in a cluster with workloads", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await install(plane);
  await using running = new Replicas(plane);
  for (let i = 0; i < 2; i++) await running.start();
  const pods = new ClusterPods(plane.client);
  const podOf = (app: string, name = app) =>
    pods.create(name, { labels: { app }, spec: { containers: [main] } });

  await t.step(
    "hold for a Deployment of the same file, with failurePolicy Ignore and Fail",
    async () => {
      for (const failurePolicy of ["Ignore", "Fail", "Ignore", "Fail"] as const) {
        const app = `file-${crypto.randomUUID().slice(0, 8)}`;
        const input = fileOf(app, selecting(app, { failurePolicy, namespace: "default" }));
        await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
        const found = await untilPods(plane, app, 3);
        assert.deepEqual(found.filter((pod) => !isInjected(pod)), []);
      }
    },
  );

  await t.step(
    "hold at once when a selector is widened and when injection is resumed",
    async () => {
      await createAtOnce(plane, "wide", selecting("narrow"));
      const selector = {
        matchLabels: null,
        matchExpressions: [{ key: "app", operator: "In", values: ["narrow", "wide"] }],
      };
      await patchSidecarSet(plane, "wide", { selector });
      assert.ok(isInjected(await podOf("wide")));
      assert.ok(isInjected(await podOf("narrow")));
      await patchSidecarSet(plane, "wide", { injectionStrategy: { paused: true } });
      await patchSidecarSet(plane, "wide", { injectionStrategy: { paused: false } });
      assert.ok(isInjected(await podOf("wide", "resumed")));
    },
  );

  await t.step("are not registered by a dry run", async () => {
    await kubectlOutput(["apply", "--dry-run=server", "-f", "-"], {
      kubeconfig: plane.kubeconfig,
      input: fileOf("dry-run", selecting("dry-run")),
    });
    assert.doesNotMatch(JSON.stringify(await readRegistration(plane)), /dry-run/);
  });

  await t.step("are folded into the leader's own entries after a while", async () => {
    const { webhooks } = await untilNothingPending(plane);
    assert.match(JSON.stringify(webhooks), /'wide'/);
    assert.ok(isInjected(await podOf("wide", "folded")));
  });

  await t.step(
    "do not make Pods missed that are older, in the order Deployment first",
    async () => {
      await podOf("first");
      await untilSecondsLater();
      await createAtOnce(plane, "first", selecting("first"));
      await podOf("first", "first-2");
      const { status } = await untilSidecarSet(plane, "first", {
        what: "has counted both Pods",
        is: ({ status }) => status?.matchedPods === 1 && status.uninjectedPods === 1,
      });
      assert.equal(status?.missedPods, 0);
    },
  );

  await t.step(
    "that cannot be registered in time are admitted with a warning, and their Pods recreated",
    async () => {
      const input = fileOf("late", selecting("late", { missedPodPolicy: "Evict" }));
      await withoutUpdates(plane, async () => {
        const { stderr } = await kubectl(["apply", "-f", "-"], {
          kubeconfig: plane.kubeconfig,
          input,
        });
        assert.match(stderr, /Warning: Wait for condition Ready of SidecarSet late/);
        const found = await untilPods(plane, "late", 3);
        assert.deepEqual(found.filter(isInjected), []);
        await untilSidecarSet(plane, "late", {
          what: "has missed them",
          is: (found) =>
            found.status?.missedPods === 3 &&
            conditionOf(found, "PodsMissed")?.reason === "CreatedTogether",
        });
      });
      await untilSidecarSet(plane, "late", {
        what: "has all Pods injected",
        is: ({ status }) => status?.matchedPods === 3 && status.missedPods === 0,
        timeout: 120_000,
      });
    },
  );

  await t.step(
    "refuse Pods under failurePolicy Fail when no replica answers, from the first Pod on",
    async () => {
      await createAtOnce(plane, "strict", selecting("strict", { failurePolicy: "Fail" }));
      for (const replica of running.all) await replica.stop("SIGKILL");
      await assert.rejects(podOf("strict"), /failed calling webhook/);
    },
  );
});
