import { isObject } from "../../lib/api/json.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { systemClock } from "../../lib/runtime/clock.ts";

export interface BinderOptions {
  client: RestClient;
  /** Names of the nodes that Pods are spread over. */
  nodes: readonly string[];
  signal: AbortSignal;
}

/** What the binder reads of a Pod. */
interface UnboundPod {
  namespace: string;
  name: string;
  /** The one node that a DaemonSet wants this Pod on. */
  requestedNode: string | undefined;
}

const IN_FLIGHT = 32;
const PAUSE_AFTER_ERROR_MS = 200;

/**
 * Stands in for kube-scheduler: binds each Pod that is for the default scheduler and not gated to a node, in turn,
 * without looking at what the Pod asks for. Resolves once the signal is aborted; never rejects.
 */
export async function bindPods({ client, nodes, signal }: BinderOptions): Promise<void> {
  const binding = new Map<string, Promise<void>>();
  let turn = 0;
  while (!signal.aborted) {
    try {
      for await (const pod of unboundPods(client, signal)) {
        const key = `${pod.namespace}/${pod.name}`;
        if (binding.has(key)) continue;
        const node = pod.requestedNode ?? nodes[turn++ % nodes.length] ?? "";
        binding.set(key, bind(client, { pod, node, signal }).finally(() => binding.delete(key)));
        if (binding.size >= IN_FLIGHT) await Promise.race(binding.values());
      }
    } catch {
      // The API server is restarting; all Pods are seen again by the next watch.
      await systemClock().sleep(PAUSE_AFTER_ERROR_MS, signal);
    }
  }
  await Promise.all(binding.values());
}

/** Pods without a node: those there are, then new ones, until the watch ends. */
async function* unboundPods(client: RestClient, signal: AbortSignal): AsyncGenerator<UnboundPod> {
  const events = await client.performRequest({
    method: "GET",
    path: "/api/v1/pods",
    querystring: new URLSearchParams({ watch: "true", fieldSelector: "spec.nodeName=" }),
    expectStream: true,
    expectJson: true,
    abortSignal: signal,
  });
  for await (const event of events) {
    if (!isObject(event)) continue;
    if (event.type === "ERROR") throw new Error(JSON.stringify(event.object));
    const pod = event.type === "DELETED" ? undefined : readPod(event.object);
    if (pod) yield pod;
  }
}

function readPod(value: unknown): UnboundPod | undefined {
  if (!isObject(value) || !isObject(value.metadata) || !isObject(value.spec)) return undefined;
  const { namespace, name, deletionTimestamp } = value.metadata;
  const { schedulerName, schedulingGates, affinity } = value.spec;
  if (typeof namespace !== "string" || typeof name !== "string") return undefined;
  if (deletionTimestamp !== undefined || schedulerName !== "default-scheduler") return undefined;
  if (Array.isArray(schedulingGates) && schedulingGates.length > 0) return undefined;
  return { namespace, name, requestedNode: requestedNode(affinity) };
}

/** The DaemonSet controller names a Pod's node by a match on the field `metadata.name`. */
function requestedNode(affinity: unknown): string | undefined {
  const values = [
    "nodeAffinity",
    "requiredDuringSchedulingIgnoredDuringExecution",
    "nodeSelectorTerms",
    "0",
    "matchFields",
    "0",
    "values",
    "0",
  ].reduce<unknown>(
    (value, key) => isObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined,
    affinity,
  );
  return typeof values === "string" ? values : undefined;
}

async function bind(
  client: RestClient,
  { pod, node, signal }: { pod: UnboundPod; node: string; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await client.performRequest({
        method: "POST",
        path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/binding`,
        bodyJson: {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name: pod.name },
          target: { apiVersion: "v1", kind: "Node", name: node },
        },
        expectJson: true,
        abortSignal: signal,
      });
      return;
    } catch (error) {
      // Another client bound or deleted it.
      if (error instanceof ApiError && (error.httpCode === 409 || error.httpCode === 404)) return;
      await systemClock().sleep(PAUSE_AFTER_ERROR_MS, signal);
    }
  }
}
