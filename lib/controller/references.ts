import type { ObservedPod } from "../core/observed_pod.ts";
import { GROUP, KIND, STORAGE_VERSION } from "../api/names.ts";
import type { ObjectReference } from "../api/objects.ts";
import type { OwnerReference } from "../api/meta.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";

/** How events refer to a Pod. */
export function podReference({ metadata }: ObservedPod): ObjectReference {
  const { name = "", namespace = "", uid = "" } = metadata;
  return { apiVersion: "v1", kind: "Pod", namespace, name, uid };
}

/** How events refer to a Pod's owner, which is in the same namespace. */
export function workloadReference(
  { metadata: { namespace = "" } }: ObservedPod,
  { apiVersion, kind, name, uid }: OwnerReference,
): ObjectReference {
  return { apiVersion, kind, namespace, name, uid };
}

/** How events refer to a SidecarSet that may be deleted. */
export function referenceByName({ name, uid }: { name: string; uid: string }): ObjectReference {
  return { apiVersion: `${GROUP}/${STORAGE_VERSION}`, kind: KIND, name, uid };
}

/** How events refer to a SidecarSet; it has no namespace, so that they are kept in `default`. */
export function sidecarSetReference({ name, sidecarSet }: PreparedSidecarSet): ObjectReference {
  return referenceByName({ name, uid: sidecarSet.metadata.uid ?? "" });
}

/** Key of a SidecarSet's spec: uid and generation, as a recreated SidecarSet has the same name. */
export function specKeyOf(prepared: PreparedSidecarSet | undefined): string {
  const { uid, generation } = prepared?.sidecarSet.metadata ?? {};
  return JSON.stringify([uid, generation]);
}
