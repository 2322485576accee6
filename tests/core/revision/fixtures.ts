import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { CUSTOM_VERSION_LABEL, REVISION_OWNER_LABEL } from "../../../lib/api/names.ts";
import { readSidecarSet } from "../../../lib/api/read.ts";
import type { SidecarSet, SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { revisionData } from "../../../lib/core/revision/data.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

export const UID = "00000000-0000-0000-0000-000000000001";

/** A SidecarSet named `mesh` with one container; frozen. */
export function meshSidecarSet(
  spec: Partial<SidecarSetSpec> = {},
  metadata: Partial<SidecarSet["metadata"]> = {},
): SidecarSet {
  const read = readSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "mesh", uid: UID, ...metadata },
    spec: { containers: [{ name: "proxy", image: "proxy:1" }], ...spec },
  });
  assert.ok(read.ok);
  return deepFrozen(read.value);
}

/** The spec of `mesh` with another image. */
export function withImage(image: string): Partial<SidecarSetSpec> {
  return { containers: [{ name: "proxy", image }] };
}

export interface StoredRevision {
  readonly name: string;
  readonly revision: number;
  readonly spec?: Partial<SidecarSetSpec>;
  readonly customVersion?: string;
  readonly uid?: string;
}

/** A stored ControllerRevision of `mesh`; frozen. */
export function storedRevision(
  { name, revision, spec = withImage(`proxy:${revision}`), customVersion, uid = UID }:
    StoredRevision,
): ControllerRevision {
  return deepFrozen({
    metadata: {
      name,
      namespace: "system",
      labels: {
        [REVISION_OWNER_LABEL]: "mesh",
        ...(customVersion === undefined ? {} : { [CUSTOM_VERSION_LABEL]: customVersion }),
      },
      ownerReferences: [{
        apiVersion: "apps.kruise.io/v1beta1",
        kind: "SidecarSet",
        name: "mesh",
        uid,
        controller: true,
      }],
    },
    data: JSON.parse(revisionData(meshSidecarSet(spec).spec)),
    revision,
  });
}
