import type { ControllerRevision } from "../../api/controller_revision.ts";
import { CUSTOM_VERSION_LABEL, KIND, REVISION_OWNER_LABEL } from "../../api/names.ts";
import { ownMember } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import type { SidecarSet, SidecarSetSpec } from "../../api/sidecarset.ts";

/**
 * Whether a revision belongs to this SidecarSet: labelled with its name, and controlled by no other object, such as
 * a deleted SidecarSet of the same name. Otherwise a pinned name could refer to any ControllerRevision (B-28).
 */
export function ownsRevision(sidecarSet: SidecarSet, revision: ControllerRevision): boolean {
  const { name, uid } = sidecarSet.metadata;
  const { labels, ownerReferences } = revision.metadata;
  if (name === undefined || labels?.[REVISION_OWNER_LABEL] !== name) return false;
  const controller = ownerReferences?.find((owner) => owner.controller === true);
  if (controller === undefined) return true;
  // A SidecarSet that comes from a file has no uid yet.
  return controller.kind === KIND && controller.name === name &&
    (uid === undefined || controller.uid === uid);
}

/**
 * The custom version of the current revision: `spec.customVersion`, or the label of v1alpha1. Both are equivalent
 * in both versions (D-3); the field takes precedence, as in OpenKruise's conversion.
 */
export function customVersionOf({ metadata, spec }: VersionedSidecarSet): string | undefined {
  return spec.customVersion || ownMember(metadata.labels, CUSTOM_VERSION_LABEL) || undefined;
}

/** What a custom version is read from. */
export interface VersionedSidecarSet {
  readonly metadata: Pick<ObjectMeta, "labels">;
  readonly spec: Pick<SidecarSetSpec, "customVersion">;
}

/** Oldest first (`k8s.io/kubernetes/pkg/controller/history/controller_history.go:byRevision`). */
export function byAge(a: ControllerRevision, b: ControllerRevision): number {
  return a.revision - b.revision ||
    compare(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compare(a.metadata.name, b.metadata.name);
}

function compare(a = "", b = ""): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
