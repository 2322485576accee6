import type { ControllerRevision } from "../../api/objects.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { restorePrepared } from "../revision/restore.ts";
import type { Obstacle } from "../reasons.ts";
import { planSidecarSet, type SidecarSetPlan } from "./sidecarset_plan.ts";

/** Cache of plans, each kept as long as its SidecarSet. */
export interface Planner {
  current(prepared: PreparedSidecarSet): SidecarSetPlan;
  /** The plan for a stored revision of the SidecarSet, or why that revision cannot be used. */
  restored(
    prepared: PreparedSidecarSet,
    revision: ControllerRevision,
  ): SidecarSetPlan | Obstacle;
}

/** A planner with an empty cache. */
export function createPlanner(): Planner {
  const current = new WeakMap<PreparedSidecarSet, SidecarSetPlan>();
  const restored = new WeakMap<
    PreparedSidecarSet,
    WeakMap<ControllerRevision, SidecarSetPlan | Obstacle>
  >();
  return {
    current: (prepared) => kept(current, { key: prepared, make: () => planSidecarSet(prepared) }),
    restored: (prepared, revision) => {
      const ofSidecarSet = kept(restored, { key: prepared, make: () => new WeakMap() });
      return kept(ofSidecarSet, { key: revision, make: () => planRestored(prepared, revision) });
    },
  };
}

function kept<K extends WeakKey, V>(
  memory: WeakMap<K, V>,
  { key, make }: { key: K; make: () => V },
): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  memory.set(key, made);
  return made;
}

function planRestored(
  prepared: PreparedSidecarSet,
  revision: ControllerRevision,
): SidecarSetPlan | Obstacle {
  const restored = restorePrepared(prepared, revision);
  if (restored.ok) return planSidecarSet(restored.value);
  const [problem] = restored.problems;
  return { reason: "InvalidSidecarSet", message: `${problem?.field} ${problem?.message}` };
}
