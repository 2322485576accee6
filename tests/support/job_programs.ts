import type { Pod } from "../../lib/api/pod.ts";
import { isMarkedInjected } from "../../lib/core/annotations/injected_list.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import { ClusterPods } from "./cluster_pods.ts";

/** The annotation from which the kubelet's Stages take the exit codes of containers. */
const EXIT = "kubelet.test/exit";
const INTERVAL_MS = 500;

/**
 * Stands in for the programs of Jobs in the namespace `default`: once a Job's Pod runs, each of its containers ends
 * with 0, but not the injected ones. Resolves once the signal is aborted; never rejects.
 */
export async function endJobs(client: RestClient, signal: AbortSignal): Promise<void> {
  const pods = new ClusterPods(client);
  while (!signal.aborted) {
    try {
      for (const pod of await pods.list("batch.kubernetes.io/job-name")) {
        const { name = "", annotations = {} } = pod.metadata;
        if (pod.status?.phase !== "Running" || annotations[EXIT] !== undefined) continue;
        await pods.annotate(name, { [EXIT]: exitsOf(pod) });
      }
    } catch {
      // The Pod is deleted, or the API server restarts: all are observed again.
    }
    await systemClock().sleep(INTERVAL_MS, signal);
  }
}

function exitsOf({ spec }: Pod): string {
  return spec.containers.filter((each) => !isMarkedInjected(each))
    .map(({ name }) => `${name}=0`).join(",");
}
