import type { Clock } from "../../api/clock.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isNotFound } from "../../kube/errors.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";

/** How virtual-kubelet labels its nodes, and OpenKruise knows them. */
const TYPE_LABEL = "type";
const VIRTUAL_TYPE = "virtual-kubelet";
/** A node keeps its kind for life; its name may be given to another one, so that the answer is not kept for ever. */
const KEPT_FOR = 600_000;
const MOST_KEPT = 10_000;

/** Asks the API server, on demand, whether a node is a virtual one: nodes change all the time, so that they are not watched for it. */
export function createVirtualNodes(
  { client, clock }: { client: RestClient; clock: Clock },
): (name: string, signal: AbortSignal) => Promise<boolean> {
  const known = new Map<string, { isVirtual: boolean; until: number }>();
  return async (name, signal) => {
    const kept = known.get(name);
    if (kept && kept.until > clock.monotonic()) return kept.isVirtual;
    const isVirtual = await read(name, { client, signal });
    if (known.size >= MOST_KEPT) known.clear();
    known.set(name, { isVirtual, until: clock.monotonic() + KEPT_FOR });
    return isVirtual;
  };
}

async function read(
  name: string,
  { client, signal }: { client: RestClient; signal: AbortSignal },
): Promise<boolean> {
  try {
    const { metadata } = await send(client, get(resources.nodes, { name }), signal);
    return metadata.labels?.[TYPE_LABEL] === VIRTUAL_TYPE;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
