import type { ControllerRevision } from "../../api/objects.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Labels } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../prepared.ts";
import type { Obstacle, Reason } from "../reasons.ts";

/** The Pod to create, and everything that the decision depends on: the same request gives the same patch. */
export interface InjectRequest {
  /** The Pod to create; never mutated. */
  readonly pod: Pod;
  readonly namespace: NamespaceFacts;
  /** The SidecarSets that select the Pod, in any order. */
  readonly selecting: readonly PreparedSidecarSet[];
  /** The SidecarSets that select the Pod if it has these labels, which `patchPodMetadata` may change. */
  match(labels: Labels): readonly PreparedSidecarSet[];
  /** Stored revisions of one SidecarSet. */
  revisionsOf(sidecarSetName: string): readonly ControllerRevision[];
  /** For `policy: Partial`: number of matched Pods, and of those at the pinned revision. */
  sharesOf(sidecarSetName: string): { readonly matched: number; readonly pinned: number };
  /** Time of the injection; its RFC 3339 text goes into the hash annotations of newly injected Pods. */
  readonly now: Date;
}

/** A SidecarSet that selects the Pod and is not injected. */
export interface Skip {
  readonly sidecarSet: string;
  readonly reason: Reason;
  /** One sentence that names the object or field and the remedy. */
  readonly message: string;
  /** The name, port or field at fault. */
  readonly subject?: string;
  /** Whether the Pod must be refused (`failurePolicy: Fail`). */
  readonly refuses: boolean;
}

/** A warning about a SidecarSet that is injected. */
export interface Caveat {
  readonly sidecarSet: string;
  /** Remedy, colon, reason; short enough for an admission warning. */
  readonly message: string;
}

/** A SidecarSet in the Pod, and the name of its revision there. */
export interface Injected {
  readonly sidecarSet: string;
  readonly revision: string;
  /** Whether this call injects it, not an earlier one. */
  readonly isNew: boolean;
}

/** The patch of a Pod, the SidecarSets that it injects, and the reason for each that it does not. */
export interface Injection {
  /** Empty if nothing changes. A frozen patch is shared by Pods, so callers may cache its serialized form. */
  readonly patch: readonly JsonPatchOperation[];
  /** SidecarSets in the Pod after the patch, in order of injection. */
  readonly injected: readonly Injected[];
  readonly skipped: readonly Skip[];
  /** Absent where there are none. */
  readonly caveats?: readonly Caveat[];
}

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
