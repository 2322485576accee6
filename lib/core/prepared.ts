import type { FieldProblem } from "../api/field_problem.ts";
import type { SidecarSet } from "../api/sidecarset.ts";

/** A SidecarSet as every decision wants it: defaults applied, hashes computed. Made once for each change of the object. */
export interface PreparedSidecarSet {
  readonly name: string;
  /** With all defaults; never mutated. */
  readonly sidecarSet: SidecarSet;
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** Name of the ControllerRevision of this spec; empty until it is stored. */
  readonly revisionName: string;
  /** When the spec was last written, in RFC 3339; absent where that is not known. */
  readonly specWrittenAt?: string;
  /** Why this SidecarSet is not injected at all; empty for a valid one. */
  readonly problems: readonly FieldProblem[];
}

/** A namespace as decisions see it. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** When labels were set after the namespace was created, in RFC 3339 by key; absent where none was. */
  readonly labelTimes?: Readonly<Record<string, string>>;
}
