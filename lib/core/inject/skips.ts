import type { PreparedSidecarSet } from "../prepared.ts";
import type { Reason } from "../reasons.ts";
import type { Skip } from "./contract.ts";

/** Why one SidecarSet cannot be injected into one Pod, before it is known whether that refuses the Pod. */
export interface Obstacle {
  readonly reason: Reason;
  /** One sentence that names the field and how to mend it. */
  readonly message: string;
  /** The name, port or field that the obstacle is about, for a short form of the message. */
  readonly subject?: string;
}

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
