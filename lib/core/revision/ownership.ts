import type { ControllerRevision } from "../../api/controller_revision.ts";
import { CUSTOM_VERSION_LABEL, KIND, REVISION_OWNER_LABEL } from "../../api/names.ts";
import { ownMember } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import type { SidecarSet, SidecarSetSpec } from "../../api/sidecarset.ts";

/**
 * Whether a revision is one of this SidecarSet: labelled with its name and controlled by no other object, not even by a
 * deleted SidecarSet of the same name. Without that check a pinned name could mean any ControllerRevision (B-28).
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
 * The name that users gave to the current revision: `spec.customVersion`, or in the form of v1alpha1 a label.
 * Both forms mean the same in both versions (D-3); the field wins, as it does when OpenKruise converts it to the label.
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
