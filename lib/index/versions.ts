import type { ObjectMeta } from "../api/meta.ts";

/** A state that is neither newer nor older than another one: after a rollback of the store versions compare no more. */
export function unversioned<T extends { readonly metadata: ObjectMeta }>(object: T): T {
  const { resourceVersion: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Whether a watch lags behind an answer that was taken over before: the versions of one object are numbers that grow. */
export function isOlder(state: ObjectMeta, known: ObjectMeta): boolean {
  return state.uid === known.uid && Number(state.resourceVersion) < Number(known.resourceVersion);
}

/** Whether two states of an object are one and the same; never where they have no version. */
export function isSameState(state: ObjectMeta, known: ObjectMeta | undefined): boolean {
  return known !== undefined && known.resourceVersion !== undefined &&
    known.resourceVersion === state.resourceVersion && known.uid === state.uid;
}
