import type { PreparedSidecarSet } from "../core/prepared.ts";

/** Key of a SidecarSet's spec: uid and generation, as a recreated SidecarSet has the same name. */
export function specKeyOf(prepared: PreparedSidecarSet | undefined): string {
  const { uid, generation } = prepared?.sidecarSet.metadata ?? {};
  return JSON.stringify([uid, generation]);
}
