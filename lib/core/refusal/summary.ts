/** What is known of workloads that are refused Pods because of a SidecarSet. */
export interface RefusalSummary {
  readonly workloads: number;
  /** One of them: `ReplicaSet default/web`. */
  readonly example: string;
  /** Why, in the API server's words. */
  readonly text: string;
}

/** It in one sentence. */
export function refusalSentence({ workloads, example, text }: RefusalSummary): string {
  const lack = workloads === 1 ? "workload lacks" : "workloads lack";
  return `${workloads} ${lack} Pods, which the API server refuses because of the sidecar, for example ${example}: ${text}`;
}
