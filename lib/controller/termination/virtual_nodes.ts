import type { Clock } from "../../api/clock.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isNotFound } from "../../kube/errors.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/send.ts";

/** The label of virtual-kubelet by which OpenKruise recognizes virtual nodes. */
const TYPE_LABEL = "type";
const VIRTUAL_TYPE = "virtual-kubelet";
/** A node keeps its type, but another node can get its name. */
const CACHE_TTL_MS = 600_000;
const MAX_CACHED_NODES = 10_000;

/** Reads on demand whether a node is virtual: nodes change too often to be watched for it. Answers are cached. */
export function createVirtualNodes(
  { client, clock }: { client: RestClient; clock: Clock },
): (name: string, signal: AbortSignal) => Promise<boolean> {
  const known = new Map<string, { isVirtual: boolean; until: number }>();
  return async (name, signal) => {
    const kept = known.get(name);
    if (kept && kept.until > clock.monotonic()) return kept.isVirtual;
    const isVirtual = await read(name, { client, signal });
    if (known.size >= MAX_CACHED_NODES) known.clear();
    known.set(name, { isVirtual, until: clock.monotonic() + CACHE_TTL_MS });
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
