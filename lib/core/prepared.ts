import type { FieldProblem } from "../api/problems.ts";
import type { SidecarSet } from "../api/sidecarset.ts";

/** A SidecarSet with defaults and hashes, the input of every decision. Computed once per change of the object. */
export interface PreparedSidecarSet {
  readonly name: string;
  /** With all defaults; never mutated. */
  readonly sidecarSet: SidecarSet;
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** Name of the ControllerRevision of this spec; empty until it is stored. */
  readonly revisionName: string;
  /** Time of the last write of the spec, in RFC 3339; absent if unknown. */
  readonly specWrittenAt?: string;
  /** Why the SidecarSet is not injected into any Pod; empty for a valid one. */
  readonly problems: readonly FieldProblem[];
}

/** The parts of a namespace that decisions read. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Times in RFC 3339 at which labels were set after the namespace's creation, by key; absent if none were. */
  readonly labelTimes?: Readonly<Record<string, string>>;
}
