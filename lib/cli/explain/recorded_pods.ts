import type { Workload } from "../../api/objects.ts";
import { injectedSidecarSets } from "../../core/annotations/injected_list.ts";
import { isActive } from "../../core/status/readiness.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { podsOf } from "../pods/owners.ts";

/** The SidecarSets that the annotations of a workload's Pods name. */
export interface RecordedPods {
  readonly total: number;
  readonly sidecarSets: readonly { readonly name: string; readonly injected: number }[];
}

/** What the Pods of a workload record; undefined for a workload without Pods itself, or if they are forbidden. */
export async function readRecordedPods(
  workload: Workload,
  client: RestClient,
): Promise<RecordedPods | undefined> {
  const pods = (await ifAllowed(podsOf(workload, client)))?.filter(isActive);
  if (pods === undefined) return undefined;
  const counts = new Map<string, number>();
  for (const name of pods.flatMap(injectedSidecarSets)) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const sidecarSets = [...counts].map(([name, injected]) => ({ name, injected }));
  return { total: pods.length, sidecarSets: sidecarSets.sort((a, b) => a.name < b.name ? -1 : 1) };
}
