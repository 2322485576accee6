import type { Pod } from "../../api/pod.ts";
import { readyCondition } from "../status/readiness.ts";
import { isNativeSidecar } from "../status/sidecars.ts";

/** Sort keys of the default order, read once per Pod. */
export interface OrderKey {
  readonly assigned: boolean;
  readonly phase: number;
  readonly ready: boolean;
  /** Milliseconds; absent times come first. */
  readonly readySince: number | undefined;
  readonly restarts: number;
  readonly nativeRestarts: number;
  readonly created: number | undefined;
}

/** Phases in the order of a Pod's life; any other counts as Pending. */
const PHASES = ["Pending", "Unknown", "Running"];

/** Reads the sort keys of a Pod. */
export function orderKey(pod: Pod): OrderKey {
  const ready = readyCondition(pod);
  const native = new Set(pod.spec.initContainers?.filter(isNativeSidecar).map(({ name }) => name));
  return {
    assigned: (pod.spec.nodeName ?? "") !== "",
    phase: Math.max(0, PHASES.indexOf(pod.status?.phase ?? "")),
    ready: ready?.status === "True",
    readySince: time(ready?.lastTransitionTime),
    restarts: mostRestarts(pod.status?.containerStatuses),
    nativeRestarts: mostRestarts(
      pod.status?.initContainerStatuses?.filter((status) => native.has(status.name)),
    ),
    created: time(pod.metadata.creationTimestamp),
  };
}

/**
 * Compares Pods by the cost of losing them, lowest first: unassigned, pending, not ready, ready for a shorter time,
 * restarted more often, younger.
 * Source: `k8s.io/kubernetes/pkg/controller/controller_utils.go:ActivePods`.
 */
export function compareOrderKeys(a: OrderKey, b: OrderKey): number {
  if (a.assigned !== b.assigned) return a.assigned ? 1 : -1;
  if (a.phase !== b.phase) return a.phase - b.phase;
  if (a.ready !== b.ready) return a.ready ? 1 : -1;
  if (a.ready && a.readySince !== b.readySince) return laterFirst(a.readySince, b.readySince);
  if (a.restarts !== b.restarts) return b.restarts - a.restarts;
  if (a.nativeRestarts !== b.nativeRestarts) return b.nativeRestarts - a.nativeRestarts;
  return a.created === b.created ? 0 : laterFirst(a.created, b.created);
}

function laterFirst(a: number | undefined, b: number | undefined): number {
  return (b ?? Infinity) - (a ?? Infinity);
}

function time(text: string | null | undefined): number | undefined {
  const milliseconds = Date.parse(text ?? "");
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function mostRestarts(statuses: readonly { restartCount?: number }[] | undefined): number {
  return Math.max(0, ...(statuses ?? []).map((status) => status.restartCount ?? 0));
}
