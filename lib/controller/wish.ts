import type { PreparedSidecarSet } from "../core/prepared.ts";

/** Text that is equal for two states of a SidecarSet if they want the same of Pods; the name alone may have been given anew. */
export function wishOf(prepared: PreparedSidecarSet | undefined): string {
  const { uid, generation } = prepared?.sidecarSet.metadata ?? {};
  return JSON.stringify([uid, generation]);
}
