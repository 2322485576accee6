import assert from "node:assert/strict";
import fc from "fast-check";
import { NAMESPACE_NAME_LABEL } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { storedImages } from "../../lib/core/annotations/image_records.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { readGoldenFiles } from "../compat/golden_files.ts";
import { playByPolicy, policyReport } from "../compat/policy/play.ts";
import { prepared } from "../core/inject/fixtures.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { POD_MISFITS, podSpecOf } from "../support/pod_misfits.ts";
import { NAMESPACES, podOfNamespace, sidecarSets } from "../support/policy_arbitraries.ts";
import {
  activate,
  comparable,
  compare,
  createdPod,
  type Creation,
  planOf,
  type Scene,
} from "../support/policy_scenes.ts";

const SCENES = 12;
const PODS_OF_SCENE = 6;

/** The SidecarSets of a sample that a policy injects. */
function sceneOf(name: string, all: Scene["sidecarSets"]): Scene {
  const { policy } = planOf({ name, sidecarSets: all });
  return { name, sidecarSets: all.filter((each) => policy.has(each.name)) };
}

function factsOf(name: string) {
  return { name, labels: { [NAMESPACE_NAME_LABEL]: name, ...NAMESPACES[name] } };
}

function podOf(creation: Creation): Pod {
  if ("refused" in creation) throw new Error(`Cannot create the Pod: ${creation.refused}`);
  return creation.pod;
}

function withOtherImages(pod: Pod): Pod {
  const rewritten = <T extends { image?: string | undefined }>(list: readonly T[] = []) =>
    list.map((each, i) => i % 2 === 0 ? { ...each, image: `mirror.test/${each.image}` } : each);
  const { containers, initContainers, ...spec } = pod.spec;
  return {
    ...pod,
    spec: {
      ...spec,
      containers: rewritten(containers),
      ...(initContainers ? { initContainers: rewritten(initContainers) } : {}),
    },
  };
}

Deno.test("the API server makes the same Pod by the policy as by the webhook", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  for (const [name, labels] of Object.entries(NAMESPACES)) {
    await send(
      plane.client,
      create(resources.namespaces, { body: { metadata: { name, labels } } }),
    );
  }

  await t.step("for every golden case whose SidecarSets a policy injects", async () => {
    const files = await readGoldenFiles(new URL("../compat/testdata", import.meta.url).pathname);
    const judgements = await playByPolicy(
      plane,
      files.filter(({ path }) => path.startsWith("inject/")),
    );
    const text = policyReport(judgements);
    assert.match(
      text,
      /\n69 equal, of which 50 inject; 104 stay with the webhook; 0 failed$/,
      text,
    );
  });

  await t.step("for random SidecarSets and Pods, again after other webhooks", () => samples(plane));
  await t.step("for Pods that do not take the sidecars", () => misfits(plane));
  await t.step("and leaves out Pods with resources of their own", () => podResources(plane));
});

/** Runs are reproducible; `SEED` chooses other samples. */
const DEFAULT_SEED = 20_261_129;

async function samples(plane: ControlPlane): Promise<void> {
  const seed = Number(Deno.env.get("SEED") ?? DEFAULT_SEED);
  const scenes = fc.sample(sidecarSets, { seed, numRuns: SCENES })
    .map((sample, i) => sceneOf(`sample-${i}`, sample))
    .filter((scene) => scene.sidecarSets.length > 0);
  await activate(plane, scenes);
  const pods = fc.sample(podOfNamespace, { seed, numRuns: scenes.length * PODS_OF_SCENE });
  const counts = { injected: 0, skipped: 0, rewritten: 0 };
  for (const [i, { pod, namespace }] of pods.entries()) {
    const scene = scenes[i % scenes.length];
    if (scene === undefined) continue;
    const says = () =>
      `seed ${seed}, Pod ${i} in ${namespace}: ${JSON.stringify(pod)}\n` +
      JSON.stringify(scene.sidecarSets.map(({ name, sidecarSet: { spec } }) => [name, spec]));
    const facts = factsOf(namespace);
    const first = await compare(plane, scene, { pod, namespace: facts });
    assertEqual(first, says);
    if (first.skipped.length > 0) counts.skipped++;
    if (first.injected.length === 0 || "refused" in first.byPolicy) continue;
    counts.injected++;
    const { metadata: { labels, annotations }, spec } = first.byPolicy.pod;
    const injected = Object({ metadata: { labels, annotations }, spec });
    for (const again of [injected, withOtherImages(injected)]) {
      const second = await compare(plane, scene, {
        pod: again,
        namespace: facts,
        isReinvoked: true,
      });
      assertEqual(second, says);
      if ("pod" in second.byPolicy && storedImages(second.byPolicy.pod).size > 0) {
        counts.rewritten++;
      }
    }
  }
  assert.ok(Object.values(counts).every((count) => count > 0), JSON.stringify({ seed, counts }));
}

function assertEqual(
  { byPolicy, byWebhook }: { byPolicy: Creation; byWebhook: Creation },
  says: () => string,
): void {
  try {
    assert.deepEqual(comparable(byPolicy), comparable(byWebhook));
  } catch (error) {
    const refused = [byPolicy, byWebhook].map((each) => "refused" in each ? each.refused : "");
    throw new Error(`${says()}\n${refused.join("\n")}`, { cause: error });
  }
}

/** Each sidecar fits into one Pod and not into another, which is left as it is. */
async function misfits(plane: ControlPlane): Promise<void> {
  // A Pod with resources of its own is left out anyway.
  const all = POD_MISFITS.filter(({ pod }) => pod.resources === undefined).flatMap((misfit, i) => {
    const { list = "containers", sidecar, volumes = [], fits = {} } = misfit;
    const scene = sceneOf(`misfit-${i}`, [
      prepared("set", {
        [list]: [{ name: "agent", image: "agent:1", ...sidecar }],
        volumes: [...volumes],
        injectionStrategy: { mechanism: "Policy" },
      }),
    ]);
    const pod = podSpecOf(misfit);
    return scene.sidecarSets.length === 0 ? [] : [{ says: misfit.says, scene, pod, fits }];
  });
  assert.ok(all.length >= 10, `a policy injects only ${all.length} of them`);
  await activate(plane, all.map(({ scene }) => scene));
  const metadata = { labels: { app: "web" } };
  for (const { says, scene, pod, fits } of all) {
    const left = await compare(plane, scene, {
      pod: { metadata, spec: pod },
      namespace: factsOf("plain"),
    });
    assert.equal(left.skipped.length, 1, says);
    assertEqual(left, () => says);
    const spec = { containers: [{ name: "main", image: "main:1" }], ...fits };
    const taken = await compare(plane, scene, {
      pod: { metadata, spec },
      namespace: factsOf("plain"),
    });
    assert.deepEqual(taken.injected, ["set"], says);
    assertEqual(taken, () => says);
  }
}

/** CEL cannot add quantities, so the Pod is left out where the sidecars have amounts. */
async function podResources(plane: ControlPlane): Promise<void> {
  const scene = sceneOf("pod-resources", [
    prepared("set", {
      containers: [{ name: "agent", image: "agent:1", resources: { limits: { cpu: "10m" } } }],
      injectionStrategy: { mechanism: "Policy" },
    }),
  ]);
  await activate(plane, [scene]);
  const podWith = (name: string, spec: object): Pod =>
    Object({
      metadata: { name, labels: { app: "web" } },
      spec: { containers: [{ name: "main", image: "main:1" }], ...spec },
    });
  const resourcesOfPod = { resources: { limits: { cpu: "1" }, requests: { cpu: "1" } } };
  const names = async (spec: object) =>
    podOf(await createdPod(plane, podWith(scene.name, spec))).spec.containers
      .map(({ name }) => name);
  assert.deepEqual(await names(resourcesOfPod), ["main"]);
  assert.deepEqual(await names({}), ["agent", "main"]);
}
