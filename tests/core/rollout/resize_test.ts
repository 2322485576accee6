import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "../../../lib/api/pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { HASH_WITHOUT_IMAGE_ANNOTATION } from "../../../lib/api/names.ts";
import { RESIZED_ANNOTATION } from "../../../lib/core/annotations/resized.ts";
import { planRollout } from "../../../lib/core/rollout/plan.ts";
import type { RolloutPlan } from "../../../lib/core/rollout/contract.ts";
import { recordOf } from "../../../lib/core/status/record.ts";
import { classifyPod, hasTrait, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { snapshotOf } from "./scene.ts";
import {
  afterResize,
  afterUpdate,
  LARGE,
  podWith,
  settled,
  setWith,
  SMALL,
  withPendingResize,
} from "./resize_scene.ts";

const old = setWith({ resources: SMALL });
const larger = (strategy = {}, more = {}) =>
  setWith({ resources: LARGE, ...more }, { strategy, before: [old], generation: 2 });

function planOf(prepared: PreparedSidecarSet, pods: readonly Pod[]): RolloutPlan {
  return planRollout(snapshotOf(prepared, pods, { exists: () => true }));
}

const agentOf = (pod: Pod) => pod.spec.containers.find(({ name }) => name === "agent");

Deno.test("new resources and images go out in two patches, with a record of both", () => {
  const pod = podWith(old);
  const prepared = larger({}, { image: "agent:2" });
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  assert.deepEqual(update.resize?.spec, { containers: [{ name: "agent", resources: LARGE }] });
  assert.deepEqual(update.patch.spec, { containers: [{ name: "agent", image: "agent:2" }] });
  const updated = afterUpdate(pod, update);
  const { full, withoutImage } = recordOf(updated, "web");
  assert.equal(full?.hash, prepared.hash);
  assert.equal(withoutImage?.hash, prepared.hashWithoutImage);
  assert.deepEqual(planOf(prepared, [settled(updated)]).updates, []);
  assert.equal(planOf(prepared, [settled(updated)]).reason, "UpToDate");
});

Deno.test("without the policy a change of resources is not upgradable, and named", () => {
  const plan = planOf(larger({ resizePolicy: "Never" }), [podWith(old)]);
  assert.deepEqual(plan.updates, []);
  assert.equal(
    plan.notUpgradable[0]?.message,
    "resources of container agent differ from what the Pod was created with",
  );
});

Deno.test("an update that was interrupted between both patches is finished by the second alone", () => {
  const pod = podWith(old);
  const prepared = larger({}, { image: "agent:2" });
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  const interrupted = afterResize(pod, update);
  assert.ok(hasTrait(classifyPod(interrupted, prepared, { selected: true }), PodTrait.InFlight));
  const [rest, ...others] = planOf(prepared, [interrupted]).updates;
  assert.ok(rest);
  assert.deepEqual(others, []);
  assert.equal(rest.resize, undefined);
  assert.deepEqual(afterUpdate(interrupted, rest).spec, afterUpdate(pod, update).spec);
  assert.deepEqual(
    afterUpdate(interrupted, rest).metadata.annotations?.[RESIZED_ANNOTATION],
    afterUpdate(pod, update).metadata.annotations?.[RESIZED_ANNOTATION],
  );
});

Deno.test("an interrupted update comes before others, and the partition keeps others first", () => {
  const pods = ["a", "b", "c"].map((name) => podWith(old, name));
  const prepared = larger({ partition: 2, maxUnavailable: 1 });
  const target = pods[1];
  assert.ok(target);
  const [update] = planOf(larger(), [target]).updates;
  assert.ok(update);
  const interrupted = settled(afterResize(target, update));
  const plan = planOf(prepared, [pods[0], interrupted, pods[2]].flatMap((pod) => pod ?? []));
  assert.deepEqual(plan.updates.map(({ name }) => name), ["b"]);
});

Deno.test("a Pod is updated when its kubelet reports the new resources, and not before", () => {
  const prepared = larger({ maxUnavailable: 1 });
  const pods = ["a", "b"].map((name) => podWith(old, name));
  const [update] = planOf(prepared, pods).updates;
  assert.ok(update);
  const waiting = pods.map((pod) =>
    pod.metadata.name === update.name ? afterUpdate(pod, update) : pod
  );
  const plan = planOf(prepared, waiting);
  assert.deepEqual(plan.updates, [], "the budget is used");
  assert.equal(plan.reason, "PodResizeInProgress");
  assert.match(plan.resizing[0]?.message ?? "", /container agent/);
  assert.equal(planOf(prepared, waiting.map(settled)).updates.length, 1);
});

Deno.test("a deferred resize holds no other Pod back, unless it restarts the container", () => {
  const restarts = { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] };
  for (const [more, expected] of [[{}, 1], [restarts, 0]] as const) {
    const before = setWith({ resources: SMALL, ...more });
    const prepared = setWith({ resources: LARGE, ...more }, {
      strategy: { maxUnavailable: 1 },
      before: [before],
      generation: 2,
    });
    const [first, second] = ["a", "b"].map((name) => podWith(before, name));
    assert.ok(first && second);
    const [update] = planOf(prepared, [first]).updates;
    assert.ok(update);
    const deferred = withPendingResize(afterUpdate(first, update), "Deferred");
    assert.equal(planOf(prepared, [deferred, second]).updates.length, expected);
    assert.equal(planOf(prepared, [deferred]).reason, "PodResizePending");
  }
});

Deno.test("an infeasible resize is not upgradable, and a smaller one cures it", () => {
  const prepared = larger();
  const pod = podWith(old);
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  const infeasible = withPendingResize(afterUpdate(pod, update), "Infeasible");
  const plan = planOf(prepared, [infeasible]);
  assert.equal(plan.reason, "NotUpgradable");
  assert.equal(plan.notUpgradable[0]?.reason, "PodResizePending");
  assert.match(plan.notUpgradable[0]?.message ?? "", /Infeasible.*agent: no capacity/);
  const medium = { ...LARGE, limits: { cpu: "500m", memory: "128Mi" } };
  const next = setWith({ resources: medium }, { before: [old, prepared], generation: 3 });
  assert.deepEqual(planOf(next, [infeasible]).updates[0]?.resize?.spec, {
    containers: [{ name: "agent", resources: { limits: { cpu: "500m" } } }],
  });
});

Deno.test("a report of the kubelet about an older resize does not count", () => {
  const prepared = larger();
  const pod = withPendingResize(podWith(old), "Infeasible");
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  assert.equal(planOf(prepared, [afterUpdate(pod, update)]).reason, "PodResizeInProgress");
});

Deno.test("what another client has resized stays until the resources of the set change", () => {
  const pod = podWith(old);
  const own = agentOf(pod);
  assert.ok(own);
  own.resources = { requests: { cpu: "150m", memory: "64Mi" } };
  const resized = settled(pod);
  const image = setWith({ resources: SMALL, image: "agent:2" }, { before: [old], generation: 2 });
  const [update] = planOf(image, [resized]).updates;
  assert.ok(update);
  assert.equal(update.resize, undefined);
  const later = larger();
  const [next] = planOf(later, [resized]).updates;
  assert.ok(next);
  const updated = afterUpdate(resized, next);
  const changed = agentOf(updated);
  assert.ok(changed);
  changed.resources = {
    requests: { cpu: "999m", memory: "128Mi" },
    limits: { cpu: "1", memory: "128Mi" },
  };
  const plan = planOf(later, [withPendingResize(updated, "Infeasible")]);
  assert.equal(plan.reason, "UpToDate", "the other client's resize is not waited for");
});

Deno.test("both hashes of a resized Pod are those of a new one", () => {
  const prepared = larger();
  const pod = podWith(old);
  const [update] = planOf(prepared, [pod]).updates;
  assert.ok(update);
  const { annotations = {} } = afterUpdate(pod, update).metadata;
  const fresh = podWith(prepared).metadata.annotations ?? {};
  const hashes = (text = "{}") => JSON.parse(text).web.hash;
  assert.equal(
    hashes(annotations[HASH_WITHOUT_IMAGE_ANNOTATION]),
    hashes(fresh[HASH_WITHOUT_IMAGE_ANNOTATION]),
  );
});

interface Step {
  readonly killed: boolean;
  readonly kubelet: "Applies" | "Deferred" | "Silent";
}

Deno.test("whatever is interrupted or late: no resize is sent twice, and the budget is kept", () => {
  const step = fc.record<Step>({
    killed: fc.boolean(),
    kubelet: fc.constantFrom("Applies", "Deferred", "Silent"),
  });
  const run = fc.record({
    count: fc.integer({ min: 1, max: 6 }),
    maxUnavailable: fc.integer({ min: 1, max: 3 }),
    partition: fc.integer({ min: 0, max: 3 }),
    image: fc.constantFrom("agent:1", "agent:2"),
    steps: fc.array(step, { maxLength: 12 }),
  });
  fc.assert(fc.property(run, ({ count, maxUnavailable, partition, image, steps }) => {
    const prepared = larger({ maxUnavailable, partition }, { image });
    const sent = new Map<string, number>();
    let pods = Array.from({ length: count }, (_, i) => podWith(old, `p${i}`));
    const play = ({ killed, kubelet }: Step) => {
      const updates = new Map(planOf(prepared, pods).updates.map((each) => [each.name, each]));
      for (const { name, resize } of updates.values()) {
        if (resize) sent.set(name, (sent.get(name) ?? 0) + 1);
      }
      pods = pods.map((pod) => {
        const update = updates.get(pod.metadata.name ?? "");
        if (update === undefined) return pod;
        return killed && update.resize ? afterResize(pod, update) : afterUpdate(pod, update);
      });
      const changing = pods.filter((pod) =>
        hasTrait(classifyPod(pod, prepared, { selected: true }), PodTrait.InFlight)
      );
      assert.ok(changing.length <= maxUnavailable, `${changing.length} Pods change at a time`);
      if (kubelet === "Silent") return;
      pods = pods.map((pod) => {
        const isResizing = agentOf(pod)?.resources !== undefined &&
          hasTrait(classifyPod(pod, prepared, { selected: true }), PodTrait.Resizing);
        return kubelet === "Deferred" && isResizing
          ? withPendingResize(pod, "Deferred")
          : settled(pod);
      });
    };
    for (const each of steps) play(each);
    for (let i = 0; i < 4 * count; i++) play({ killed: false, kubelet: "Applies" });
    assert.ok([...sent.values()].every((times) => times === 1), "a resize was sent twice");
    const kept = Math.min(partition, count);
    const updated = pods.filter((pod) => recordOf(pod, "web").full?.hash === prepared.hash);
    assert.equal(updated.length, count - kept);
    assert.equal(sent.size, count - kept);
  }));
});
