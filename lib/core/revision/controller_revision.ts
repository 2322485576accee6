import type { ControllerRevision } from "../../api/objects.ts";
import { type JsonObject, ownMember } from "../../api/json.ts";
import type { ObjectMeta } from "../../api/meta.ts";
import {
  CUSTOM_VERSION_LABEL,
  GROUP,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  KIND,
  LAST_APPLIED_ANNOTATION,
  REVISION_HASH_LABEL,
  REVISION_OWNER_LABEL,
  STORAGE_VERSION,
} from "../../api/names.ts";
import type { SidecarSet, SidecarSetSpec } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { revisionHash } from "./data.ts";

/** Leaves room for the hash in a name of 253 characters. */
const MAX_PREFIX_LENGTH = 223;

/** What a new ControllerRevision is made of. */
interface NewRevision {
  readonly prepared: Pick<PreparedSidecarSet, "sidecarSet" | "hash" | "hashWithoutImage">;
  /** From `revisionData()`. */
  readonly data: string;
  readonly revision: number;
  readonly collisionCount: number;
  /** The controller's. */
  readonly namespace: string;
}

/**
 * The ControllerRevision that records a SidecarSet's current spec.
 *
 * @see `pkg/control/sidecarcontrol/history_control.go:NewRevision`
 */
export function newControllerRevision(
  { prepared, data, revision, collisionCount, namespace }: NewRevision,
): ControllerRevision {
  const { sidecarSet, hash, hashWithoutImage } = prepared;
  const { name = "", uid = "", labels, annotations } = sidecarSet.metadata;
  // It would double the size of every revision (B-50).
  const { [LAST_APPLIED_ANNOTATION]: _, ...keptAnnotations } = annotations ?? {};
  const customVersion = customVersionOf(sidecarSet);
  const nameSuffix = revisionHash(data, collisionCount);
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${name.slice(0, MAX_PREFIX_LENGTH)}-${nameSuffix}`,
      namespace,
      labels: {
        ...labels,
        [REVISION_HASH_LABEL]: nameSuffix,
        [REVISION_OWNER_LABEL]: name,
        ...(customVersion === undefined ? {} : { [CUSTOM_VERSION_LABEL]: customVersion }),
      },
      annotations: {
        ...keptAnnotations,
        [HASH_ANNOTATION]: hash,
        [HASH_WITHOUT_IMAGE_ANNOTATION]: hashWithoutImage,
      },
      ownerReferences: [{
        apiVersion: `${GROUP}/${STORAGE_VERSION}`,
        kind: KIND,
        name,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      }],
    },
    data: parsedData(data),
    revision,
  };
}

function parsedData(data: string): JsonObject {
  const parsed: JsonObject = JSON.parse(data);
  return parsed;
}

/** Name of the SidecarSet that a revision is labelled with. */
export function revisionOwner({ metadata }: ControllerRevision): string | undefined {
  return metadata.labels?.[REVISION_OWNER_LABEL];
}

/**
 * Whether a revision belongs to this SidecarSet: labelled with its name, and controlled by no other object, such as
 * a deleted SidecarSet of the same name. Otherwise a pinned name could refer to any ControllerRevision (B-28).
 */
export function ownsRevision(sidecarSet: SidecarSet, revision: ControllerRevision): boolean {
  const { name, uid } = sidecarSet.metadata;
  if (name === undefined || revisionOwner(revision) !== name) return false;
  const controller = revision.metadata.ownerReferences?.find((owner) => owner.controller === true);
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
interface VersionedSidecarSet {
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
