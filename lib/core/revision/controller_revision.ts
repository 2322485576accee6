import type { ControllerRevision } from "../../api/controller_revision.ts";
import type { JsonObject } from "../../api/json.ts";
import {
  CUSTOM_VERSION_LABEL,
  GROUP,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  KIND,
  REVISION_HASH_LABEL,
  REVISION_OWNER_LABEL,
  STORAGE_VERSION,
} from "../../api/names.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { revisionHash } from "./data.ts";
import { customVersionOf } from "./ownership.ts";

/** It contains the whole object and would double the size of every revision (B-50). */
const LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** Leaves room for the hash in a name of 253 characters. */
const MAX_PREFIX_LENGTH = 223;

export interface NewRevision {
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
