import type { PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle } from "../reasons.ts";
import type { Skip } from "./contract.ts";

/** Leaving the SidecarSet out is what its author asked for, so `failurePolicy` has no say. */
export function leftOut(prepared: PreparedSidecarSet, obstacle: Obstacle): Skip {
  return { sidecarSet: prepared.name, ...obstacle, refuses: false };
}

/** The SidecarSet was to be injected and cannot be; `failurePolicy` decides what becomes of the Pod. */
export function failed(prepared: PreparedSidecarSet, obstacle: Obstacle): Skip {
  return {
    sidecarSet: prepared.name,
    ...obstacle,
    refuses: prepared.sidecarSet.spec.failurePolicy === "Fail",
  };
}
