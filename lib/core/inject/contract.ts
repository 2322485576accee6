import type { ControllerRevision } from "../../api/controller_revision.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../prepared.ts";
import type { Reason } from "../reasons.ts";

/** Everything that one injection depends on, as values. */
export interface InjectRequest {
  /** The Pod as it is to be created; never mutated. */
  readonly pod: Pod;
  readonly namespace: NamespaceFacts;
  /** The SidecarSets that select the Pod, in any order. */
  readonly selecting: readonly PreparedSidecarSet[];
  /** Stored revisions of one SidecarSet. */
  revisionsOf(sidecarSetName: string): readonly ControllerRevision[];
  /** For `policy: Partial`: how many matched Pods there are and how many of them are at the pinned revision. */
  sharesOf(sidecarSetName: string): { readonly matched: number; readonly pinned: number };
  /** The moment of the injection; its RFC 3339 text goes into the hash annotations of newly injected Pods. */
  readonly now: Date;
}

/** A SidecarSet that selects the Pod and is not injected into it. */
export interface Skip {
  readonly sidecarSet: string;
  readonly reason: Reason;
  /** One sentence that names the object or field and how to mend it. */
  readonly message: string;
  /** The name, port or field that the reason is about. */
  readonly subject?: string;
  /** True when the Pod must be refused for it (`failurePolicy: Fail`). */
  readonly refuses: boolean;
}

/** What to know of a SidecarSet that the Pod has or gets. */
export interface Caveat {
  readonly sidecarSet: string;
  /** The remedy, a colon, and the reason; short enough for an admission warning. */
  readonly message: string;
}

/** A SidecarSet that the Pod has, and the name of the revision of which it has it. */
export interface Injected {
  readonly sidecarSet: string;
  readonly revision: string;
  /** Whether this call has put it there, not an earlier one. */
  readonly isNew: boolean;
}

export interface Injection {
  /** Empty when nothing is to change. A frozen one is the very same for other Pods, and worth being kept in another form. */
  readonly patch: readonly JsonPatchOperation[];
  /** The SidecarSets that the Pod has after the patch, in order of injection. */
  readonly injected: readonly Injected[];
  readonly skipped: readonly Skip[];
  /** Absent where there are none. */
  readonly caveats?: readonly Caveat[];
}
