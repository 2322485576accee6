import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { isReady } from "./cluster_pods.ts";
import type { NodeCluster } from "./node_cluster.ts";
import { type PodHistory, runOf } from "./pod_history.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "./sidecarsets.ts";

/** Creates a SidecarSet, and a Pod of the same name; resolves when that is ready with its sidecars. */
export async function createInjectedPod(
  { plane, pods }: NodeCluster,
  name: string,
  spec: Partial<SidecarSetSpec>,
): Promise<Pod> {
  await createSidecarSet(plane, name, { selector: { matchLabels: { app: name } }, ...spec });
  const containers = [{ name: "main", image: "main:1" }];
  await pods.create(name, { labels: { app: name }, spec: { containers } });
  return await pods.until(name, { what: "the Pod is ready", is: isReady });
}

/** Changes the SidecarSet and waits until its one Pod is updated and ready; resolves to the Pod. */
export async function upgrade(
  { plane, pods }: NodeCluster,
  name: string,
  spec: Partial<SidecarSetSpec>,
): Promise<Pod> {
  await patchSidecarSet(plane, name, spec);
  await untilSidecarSet(plane, name, {
    what: "has been rolled out",
    is: ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation && status?.updatedReadyPods === 1 &&
      status.conditions?.some(({ reason }) => reason === "UpToDate") === true,
  });
  return await pods.get(name);
}

/** Asserts that one container ran all the time, ready and the same. */
export function assertUntouched(history: PodHistory, before: Pod, container: string): void {
  const runs = history.runs.get(`${before.metadata.name}/${container}`);
  assert.deepEqual(runs, [runOf(before, container)]);
  assert.equal(runs[0]?.restarts, 0);
  assert.equal(runs[0]?.ready, true);
}
