import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { OwnerReference } from "../../../lib/api/meta.ts";
import { RECREATING_KINDS } from "../../../lib/core/cleanup/eviction.ts";
import { planEvictions } from "../../../lib/core/cleanup/eviction_plan.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { compareByName, type ObservedPod } from "../../../lib/core/observed_pod.ts";
import { pod } from "../rollout/scene.ts";

const now = new Date("2026-06-01T12:00:00Z");
const conflict = { reason: "ContainerNameConflict", message: "agent is there" } as const;

interface Details {
  readonly workload: string;
  readonly isReady: boolean;
  /** What keeps the Pod: found by an earlier plan, by the dry run, or nothing but the budget. */
  readonly obstacle: "Known" | "Found" | "None";
}

const details: fc.Arbitrary<Details> = fc.record({
  workload: fc.constantFrom("a", "b", "bare"),
  isReady: fc.boolean(),
  obstacle: fc.constantFrom("Known", "Found", "None"),
});

function podsOf(list: readonly Details[]): ObservedPod[] {
  return list.map(({ workload, isReady }, i) => {
    const { metadata, spec, status } = pod(`p${i}`, { ready: isReady });
    const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: workload, uid: workload };
    const ownerReferences: OwnerReference[] = workload === "bare"
      ? []
      : [{ ...owner, controller: true }];
    const creationTimestamp = "2026-05-01T00:00:00Z";
    return {
      metadata: { ...metadata, creationTimestamp, ownerReferences },
      spec,
      ...(status ? { status } : {}),
    };
  });
}

Deno.test("planEvictions() names the same Pod of several that stay, in whatever order they come", () => {
  const cases = fc.array(details, { minLength: 1, maxLength: 8 }).chain((list) =>
    fc.record({
      list: fc.constant(list),
      order: fc.shuffledSubarray([...list.keys()], { minLength: list.length }),
      webhookReady: fc.boolean(),
    })
  );
  fc.assert(fc.property(cases, ({ list, order, webhookReady }) => {
    const pods = podsOf(list);
    const isOf = (each: ObservedPod, obstacle: Details["obstacle"]) =>
      list[pods.indexOf(each)]?.obstacle === obstacle;
    const plan = (candidates: readonly ObservedPod[]) =>
      runAtOnce(planEvictions({
        candidates,
        isUpToDate: () => false,
        podsOf: (workload) =>
          pods.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === workload),
        knownObstacleOf: (each) => isOf(each, "Known") ? conflict : undefined,
        observedObstacleOf: (each) => isOf(each, "Found") ? conflict : undefined,
        guards: [],
        generation: 1,
        recreatingKinds: RECREATING_KINDS,
        webhookReady,
        unavailable: 1,
        maxUnavailable: 1,
        now,
      }));
    const { evictions, objection } = plan(pods);
    const other = plan(order.flatMap((i) => pods[i] ?? []));
    if (evictions.length > 0 || other.evictions.length > 0) return;
    assert.deepEqual(other.objection, objection);
    assert.equal(objection?.pod, pods.toSorted(compareByName)[0]);
  }));
});
