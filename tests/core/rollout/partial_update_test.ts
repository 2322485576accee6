import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { UpdateStrategy } from "../../../lib/api/strategies.ts";
import { UPDATED_IMAGES_ANNOTATION } from "../../../lib/core/annotations/updated_images.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import { classifyPod, hasTrait, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { releasedAnnotations } from "../../../lib/core/pod_metadata/removal.ts";
import { NOW, snapshotOf } from "./scene.ts";
import { afterUpdate, podWith, settled, setWith } from "./resize_scene.ts";

const old = setWith({ args: ["-a"] });
const IMAGES: UpdateStrategy = { partialUpdatePolicy: "Images", maxUnavailable: "100%" };

/** A later spec with other arguments. */
function later(agent: Partial<Container>, strategy: UpdateStrategy = IMAGES): PreparedSidecarSet {
  return setWith({ args: ["-b"], ...agent }, { strategy, before: [old], generation: 2 });
}

const planOf = (prepared: PreparedSidecarSet, pods: readonly Pod[]) =>
  planRollout(snapshotOf(prepared, pods, { exists: () => true }));

function updatedOnce(prepared: PreparedSidecarSet, pod: Pod): Pod {
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  return settled(afterUpdate(pod, update));
}

const imageOf = ({ spec }: Pod) => spec.containers.find(({ name }) => name === "agent")?.image;
const isUpdated = (pod: Pod, prepared: PreparedSidecarSet) =>
  hasTrait(classifyPod(pod, prepared, { selected: true }), PodTrait.Updated);

Deno.test("without the policy a Pod with other differences keeps its image", () => {
  const plan = planOf(later({ image: "agent:2" }, {}), [podWith(old)]);
  assert.deepEqual(plan.updates, []);
  assert.equal(plan.notUpgradable.length, 1);
});

Deno.test("with the policy it gets the image once, and stays not upgradable", () => {
  const prepared = later({ image: "agent:2" });
  const [update] = planOf(prepared, [podWith(old)]).updates;
  assert.equal(update?.kind, "UpdateImages");
  const pod = updatedOnce(prepared, podWith(old));
  assert.equal(imageOf(pod), "agent:2");
  const plan = planOf(prepared, [pod]);
  assert.deepEqual(plan.updates, []);
  assert.equal(plan.reason, "NotUpgradable");
  assert.match(plan.notUpgradable[0]?.message ?? "", /^args of container agent/);
  assert.match(pod.metadata.annotations?.[UPDATED_IMAGES_ANNOTATION] ?? "", /"agent":"agent:2"/);
});

Deno.test("an image that another webhook has rewritten is not updated again", () => {
  const prepared = later({ image: "agent:2" });
  const pod = updatedOnce(prepared, podWith(old));
  const agent = pod.spec.containers.find(({ name }) => name === "agent");
  assert.ok(agent);
  agent.image = "mirror.test/agent:2";
  assert.deepEqual(planOf(prepared, [settled(pod)]).updates, []);
  const first = podWith(old);
  const rewritten = first.spec.containers.find(({ name }) => name === "agent");
  assert.ok(rewritten);
  rewritten.image = "mirror.test/agent:1";
  assert.deepEqual(planOf(later({}), [settled(first)]).updates, [], "the image has not changed");
});

Deno.test("a SidecarSet that is rolled back takes the image back, too", () => {
  const pod = updatedOnce(later({ image: "agent:2" }), podWith(old));
  assert.equal(isUpdated(pod, old), false);
  const back = updatedOnce(old, pod);
  assert.equal(imageOf(back), "agent:1");
  assert.ok(isUpdated(back, old));
  assert.equal(back.metadata.annotations?.[UPDATED_IMAGES_ANNOTATION], undefined);
});

Deno.test("the next image follows, whether or not the Pod is upgradable then", () => {
  const pod = updatedOnce(later({ image: "agent:2" }), podWith(old));
  assert.equal(imageOf(updatedOnce(later({ image: "agent:3" }), pod)), "agent:3");
  const upgradable = setWith({ args: ["-a"], image: "agent:3" }, { before: [old], generation: 3 });
  const upgraded = updatedOnce(upgradable, pod);
  assert.equal(imageOf(upgraded), "agent:3");
  assert.ok(isUpdated(upgraded, upgradable));
});

Deno.test("partition, maxUnavailable, pause and minReadySeconds hold for images alone", () => {
  const pods = ["a", "b", "c", "d"].map((name) => podWith(old, name));
  const count = (strategy: UpdateStrategy, given: readonly Pod[] = pods) =>
    planOf(later({ image: "agent:2" }, { partialUpdatePolicy: "Images", ...strategy }), given)
      .updates.length;
  assert.equal(count({ maxUnavailable: 2 }), 2);
  assert.equal(count({ maxUnavailable: 4, partition: 3 }), 1);
  assert.equal(count({ maxUnavailable: 4, paused: true }), 0);
  const slow: UpdateStrategy = {
    partialUpdatePolicy: "Images",
    maxUnavailable: 1,
    minReadySeconds: 60,
  };
  const prepared = later({ image: "agent:2" }, slow);
  const some = pods.map((pod, i) => i === 0 ? updatedOnce(prepared, pod) : pod);
  const plan = planRollout(snapshotOf(prepared, some, { exists: () => true }));
  assert.deepEqual(plan.updates, [], "the first Pod has not been ready for a minute");
  const afterwards = new Date(NOW.getTime() + 61_000);
  const next = planRollout(
    snapshotOf(prepared, some, { exists: () => true, now: afterwards }),
  );
  assert.equal(next.updates.length, 1);
  const kept = later({ image: "agent:2" }, { ...IMAGES, partition: 3 });
  assert.deepEqual(planOf(kept, some).updates, [], "the partition counts Pods with new images");
});

Deno.test("a container that is new in the SidecarSet does not keep images from the others", () => {
  const prepared = later({ image: "agent:2" });
  const { spec } = prepared.sidecarSet;
  const more = {
    ...prepared,
    hash: "other",
    hashWithoutImage: "other",
    sidecarSet: {
      ...prepared.sidecarSet,
      spec: { ...spec, containers: [...spec.containers ?? [], { name: "log", image: "log:1" }] },
    },
  };
  assert.equal(imageOf(updatedOnce(more, podWith(old))), "agent:2");
});

Deno.test("the record goes with the SidecarSet", () => {
  const pod = updatedOnce(later({ image: "agent:2" }), podWith(old));
  assert.equal(releasedAnnotations(pod, "web")[UPDATED_IMAGES_ANNOTATION], null);
});
