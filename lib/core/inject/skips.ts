import type { PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle } from "../reasons.ts";
import type { Skip } from "./contract.ts";

/** A skip that the SidecarSet's author asked for; `failurePolicy` does not apply. */
export function leftOut(prepared: PreparedSidecarSet, obstacle: Obstacle): Skip {
  return { sidecarSet: prepared.name, ...obstacle, refuses: false };
}

/** A skip of a SidecarSet that cannot be injected; `failurePolicy` decides what happens to the Pod. */
export function failed(prepared: PreparedSidecarSet, obstacle: Obstacle): Skip {
  return {
    sidecarSet: prepared.name,
    ...obstacle,
    refuses: prepared.sidecarSet.spec.failurePolicy === "Fail",
  };
}
