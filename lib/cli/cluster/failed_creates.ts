import {
  FAILED_CREATE,
  type FailedCreate,
  failedCreateOf,
} from "../../core/refused/failed_create.ts";
import type { RestClient } from "../../kube/contract.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "./reading.ts";

export interface FailedCreatesOptions {
  /** Of workloads; all where absent. */
  readonly namespace?: string;
  /** Of the only workload to look at. */
  readonly uid?: string;
}

/** The last refusal of each workload that could not create a Pod, as far as events tell. Rejects with what the API server answers. */
export async function readFailedCreates(
  client: RestClient,
  { namespace, uid }: FailedCreatesOptions = {},
): Promise<FailedCreate[]> {
  const fieldSelector = `reason=${FAILED_CREATE}${
    uid === undefined ? "" : `,regarding.uid=${uid}`
  }`;
  const events = await readAll(client, resources.events, {
    fieldSelector,
    ...(namespace === undefined ? {} : { namespace }),
  });
  const last = new Map<string, FailedCreate>();
  for (const failed of events.map(failedCreateOf).sort((a, b) => a.at - b.at)) {
    last.set(failed.workload.uid ?? "", failed);
  }
  return [...last.values()];
}
