import assert from "node:assert/strict";
import fc from "fast-check";
import { HASH_ANNOTATION, NAMESPACE_NAME_LABEL } from "../../lib/api/names.ts";
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
  type Comparison,
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
  await t.step("by either for Pods that a policy does not decide about", () => left(plane));
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
    const copy = await compare(plane, scene, { pod: withOtherImages(injected), namespace: facts });
    assert.ok(copy.isLeft, `a copy is left to the webhook: ${says()}`);
    assertEqual(copy, says);
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

/** Where the webhook renews what a policy has added to a copy, volumes may be in another order. */
function assertEqual({ byPolicy, byWebhook, isLeft }: Comparison, says: () => string): void {
  const pods = [byPolicy, byWebhook].map((each) => comparable(isLeft ? sorted(each) : each));
  try {
    assert.deepEqual(pods[0], pods[1]);
  } catch (error) {
    const refused = [byPolicy, byWebhook].map((each) => "refused" in each ? each.refused : "");
    throw new Error(`${says()}\n${refused.join("\n")}`, { cause: error });
  }
}

function sorted(creation: Creation): Creation {
  if ("refused" in creation) return creation;
  const { pod } = creation;
  const volumes = pod.spec.volumes?.toSorted((a, b) => a.name < b.name ? -1 : 1) ?? [];
  return { pod: { ...pod, spec: { ...pod.spec, volumes } } };
}

/** Each sidecar fits into one Pod and not into another, which is left as it is. */
async function misfits(plane: ControlPlane): Promise<void> {
  // A policy does not decide about Pods with resources of their own.
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

/** Two SidecarSets, of which the first one takes amounts from the Pod's own resources. */
const LEFT_SETS = [
  prepared("amounts", {
    containers: [{ name: "amounts", image: "agent:1", resources: { limits: { cpu: "10m" } } }],
    injectionStrategy: { mechanism: "Policy" },
  }),
  prepared("none", {
    containers: [{ name: "none", image: "agent:1" }],
    injectionStrategy: { mechanism: "Policy" },
  }),
];
const BOTH = ["amounts", "none"];

interface LeftPod {
  readonly says: string;
  readonly pod: object;
  /** Whether the webhook reviews it. */
  readonly isLeft: boolean;
  readonly injected: readonly string[];
}

const filled = (bytes: number) => ({ annotations: { note: "x".repeat(bytes) } });
const PODS_LEFT: readonly LeftPod[] = [
  {
    says: "with room in its own resources",
    pod: { spec: { resources: { limits: { cpu: "1" }, requests: { cpu: "1" } } } },
    isLeft: true,
    injected: BOTH,
  },
  {
    says: "without room in its own resources",
    pod: { spec: { resources: { limits: { cpu: "5m" } } } },
    isLeft: true,
    injected: ["none"],
  },
  { says: "with empty resources", pod: { spec: { resources: {} } }, isLeft: false, injected: BOTH },
  { says: "with small annotations", pod: filled(65_000), isLeft: false, injected: BOTH },
  {
    says: "with large annotations",
    pod: filled(66_000),
    isLeft: true,
    injected: BOTH,
  },
  {
    says: "with annotations that have room for one SidecarSet",
    pod: filled(262_144 - 700),
    isLeft: true,
    injected: ["amounts"],
  },
  {
    says: "with records in another form",
    pod: { annotations: { [HASH_ANNOTATION]: '{"other": {"hash": "\\u0068", "more": {"a": 1}}}' } },
    isLeft: true,
    injected: BOTH,
  },
];

/** What CEL cannot decide goes to the webhook, so that every Pod gets what the webhook would give it. */
async function left(plane: ControlPlane): Promise<void> {
  const scene = sceneOf("left", LEFT_SETS);
  assert.equal(scene.sidecarSets.length, 2);
  await activate(plane, [scene]);
  for (const { says, pod, isLeft, injected } of PODS_LEFT) {
    const { annotations, spec }: { annotations?: Record<string, string>; spec?: object } = pod;
    const compared = await compare(plane, scene, {
      pod: Object({
        metadata: { labels: { app: "web" }, ...(annotations ? { annotations } : {}) },
        spec: { containers: [{ name: "main", image: "main:1" }], ...spec },
      }),
      namespace: factsOf("plain"),
    });
    assertEqual(compared, () => says);
    assert.equal(compared.isLeft, isLeft, says);
    assert.deepEqual(compared.injected, injected, says);
    const names = podOf(compared.byPolicy).spec.containers.map(({ name }) => name);
    assert.deepEqual(names, [...injected, "main"], says);
  }
}
