import type { PreparedSidecarSet } from "../prepared.ts";

/** Text that is equal for two generations of a SidecarSet exactly if they want the same new Pods to be injected. */
export function selectionKey({ sidecarSet: { spec }, problems }: PreparedSidecarSet): string {
  return JSON.stringify([
    problems.length === 0 && spec.injectionStrategy?.paused !== true,
    spec.selector ?? null,
    spec.namespace ?? null,
    spec.namespaceSelector ?? null,
  ]);
}
