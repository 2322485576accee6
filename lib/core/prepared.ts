import type { ResourceLists } from "../api/container.ts";
import type { FieldProblem } from "../api/problems.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { ObservedPod } from "./observed_pod.ts";

/** A SidecarSet with defaults and hashes, the input of every decision. Computed once per change of the object. */
export interface PreparedSidecarSet {
  readonly name: string;
  /** With all defaults; never mutated. */
  readonly sidecarSet: SidecarSet;
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** Hash of `spec.patchContainers`; absent without any. */
  readonly patchHash?: string;
  /** Name of the ControllerRevision of this spec; empty until it is stored. */
  readonly revisionName: string;
  /** Time of the last write of the spec, in RFC 3339; absent if unknown. */
  readonly specWrittenAt?: string;
  /** The stored revisions, compared with this spec; absent where they are unknown. */
  readonly revisions?: RevisionComparisons;
  /** Whether the API server has the subresource `pods/resize`; unknown when absent. */
  readonly hasResize?: boolean;
  /** Resizes that the API server has refused; unknown when absent. */
  readonly refusedResizes?: RefusedResizes;
  /** Why the SidecarSet is not injected into any Pod; empty for a valid one. */
  readonly problems: readonly FieldProblem[];
}

/** Finds what the API server answered to a resize that it refused. */
export interface RefusedResizes {
  /** @returns undefined unless this spec of the Pod was refused the resources of this spec of the SidecarSet */
  messageOf(
    pod: ObservedPod,
    prepared: Pick<PreparedSidecarSet, "name" | "hash">,
  ): string | undefined;
}

/** Finds the stored revision that a Pod records. */
export interface RevisionComparisons {
  /** @returns undefined if no stored revision has these hashes */
  of(recorded: RecordedHashes): RevisionComparison | undefined;
}

/** The hashes of a SidecarSet that a Pod records. */
export interface RecordedHashes {
  readonly hash: string | undefined;
  readonly hashWithoutImage: string | undefined;
}

/** What a Pod of a stored revision lacks of the current spec. */
export interface RevisionComparison {
  /** Images by sidecar, as the revision has them; empty if only the hash without images is known. */
  readonly images: ReadonlyMap<string, string>;
  /** One clause that names the fields that cannot be changed in place; undefined if there are none. */
  readonly obstacle: string | undefined;
  /** New resources by container of the Pod, to be set by a resize in place. */
  readonly resizes: ReadonlyMap<string, ResourceLists>;
}

/** The parts of a namespace that decisions read. */
export interface NamespaceFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Times in RFC 3339 at which labels were set after the namespace's creation, by key; absent if none were. */
  readonly labelTimes?: Readonly<Record<string, string>>;
}
