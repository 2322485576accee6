import type { ObjectMeta } from "../api/meta.ts";

/** What identifies a state of an object. */
type Version = Readonly<Pick<ObjectMeta, "uid" | "resourceVersion">>;

/** A state without a version: after a rollback of the store, versions cannot be compared. */
export function unversioned<T extends { readonly metadata: Version }>(object: T): T {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Whether a state is older than the known one of the same object, as from a watch that lags behind an answer. */
export function isOlder(state: Version, known: Version): boolean {
  return state.uid === known.uid && Number(state.resourceVersion) < Number(known.resourceVersion);
}

/** Whether two states of an object are the same; never without a version. */
export function isSameState(state: Version, known: Version | undefined): boolean {
  return known !== undefined && known.resourceVersion !== undefined &&
    known.resourceVersion === state.resourceVersion && known.uid === state.uid;
}
