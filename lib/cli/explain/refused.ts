import { isObject } from "../../api/json.ts";
import type { Workload } from "../../api/objects.ts";
import { refusalText } from "../../core/refused/message.ts";
import { missingPods, refusableKind } from "../../core/refused/workload.ts";
import type { RestClient } from "../../kube/contract.ts";
import { readFailedCreates } from "../cluster/failed_creates.ts";
import { ifAllowed } from "../cluster/reading.ts";
import { blamedFor } from "../pods/blame.ts";
import type { PodOutcome } from "../pods/outcome.ts";
import type { RefusalExplanation } from "./explanation.ts";

/** Why a workload lacks Pods that the API server refuses; undefined where it lacks none, or nothing is known. */
export async function refusalOf(
  workload: Workload,
  { client, outcome }: { client: RestClient; outcome: PodOutcome },
): Promise<RefusalExplanation | undefined> {
  const message = failureOf(workload) ?? await lastRefusal(workload, client);
  if (message === undefined) return undefined;
  const sidecarSets = blamedFor(message, outcome);
  return { message, sidecarSets, ...(sidecarSets.length > 0 ? { reason: "PodRefused" } : {}) };
}

/** A Deployment says it itself, of its newest ReplicaSet. */
function failureOf({ kind, status: { conditions } = {} }: Workload): string | undefined {
  if (kind !== "Deployment" || !Array.isArray(conditions)) return undefined;
  const failure: unknown = conditions.find((condition: unknown) =>
    isObject(condition) && condition.type === "ReplicaFailure" && condition.status === "True"
  );
  return isObject(failure) ? refusalText(String(failure.message)) : undefined;
}

async function lastRefusal(workload: Workload, client: RestClient): Promise<string | undefined> {
  const kind = refusableKind(workload);
  if (kind === undefined || missingPods(workload, kind) === 0) return undefined;
  const { uid = "", namespace = "" } = workload.metadata;
  const [last] = await ifAllowed(readFailedCreates(client, { namespace, uid })) ?? [];
  return last?.text;
}
