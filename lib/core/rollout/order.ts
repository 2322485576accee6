import type { Labels } from "../../api/meta.ts";
import type { UpdateStrategy } from "../../api/strategies.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { matchesSelector } from "../select/label_selector.ts";
import { readyCondition } from "../status/readiness.ts";
import { isNativeSidecar } from "../status/containers.ts";
import { mapInSteps, sortInSteps, type Steps } from "../steps.ts";
import { scatter } from "./scatter.ts";

type PriorityStrategy = NonNullable<UpdateStrategy["priorityStrategy"]>;

/** The rank of a Pod in a priority strategy: lower levels first, larger numbers first within a level. */
interface Priority {
  readonly level: number;
  readonly number: bigint;
}

/**
 * Orders the Pods to update: by default order, then by priority, then scattered. Equal Pods keep their order.
 * Source: `pkg/util/updatesort` and `pkg/controller/sidecarset/sidecarset_strategy.go:GetNextUpgradePods`.
 *
 * @param candidates the Pods to order
 * @param strategy the SidecarSet's update strategy
 * @param matched all matched Pods; read only where Pods are to be scattered
 */
export function* orderPods(
  candidates: readonly ObservedPod[],
  strategy: UpdateStrategy,
  matched: Iterable<ObservedPod>,
): Steps<readonly ObservedPod[]> {
  const priority = strategy.priorityStrategy;
  const unsorted = yield* mapInSteps(candidates, (pod) => ({
    pod,
    key: orderKey(pod),
    priority: priorityOf(pod.metadata.labels ?? {}, priority),
  }));
  const keyed = yield* sortInSteps(
    unsorted,
    (a, b) => comparePriorities(a.priority, b.priority) || compareOrderKeys(a.key, b.key),
  );
  const ordered = keyed.map(({ pod }) => pod);
  const terms = strategy.scatterStrategy ?? [];
  if (terms.length === 0 || ordered.length < 3) return ordered;
  return yield* scatter(ordered, terms, {
    all: matched,
    labelsOf: (pod) => pod.metadata.labels ?? {},
  });
}

function priorityOf(labels: Labels, strategy: PriorityStrategy | undefined): Priority {
  if (strategy?.weightPriority !== undefined && strategy.weightPriority.length > 0) {
    const weights = strategy.weightPriority
      .filter((term) => matchesSelector(term.matchSelector, labels))
      .map((term) => term.weight);
    return { level: 0, number: BigInt(weights.reduce((sum, weight) => sum + weight, 0)) };
  }
  const keys = strategy?.orderPriority ?? [];
  const level = keys.findIndex((term) => Object.hasOwn(labels, term.orderedKey));
  const key = keys[level]?.orderedKey;
  // A Pod without any of the keys comes last, as the field's documentation says (B-18).
  if (key === undefined) return { level: keys.length, number: 0n };
  return { level, number: trailingNumber(labels[key] ?? "") };
}

function comparePriorities(a: Priority, b: Priority): number {
  if (a.level !== b.level) return a.level - b.level;
  return a.number === b.number ? 0 : a.number > b.number ? -1 : 1;
}

const MAX_INT64 = 2n ** 63n - 1n;

/** `sts-10` gives 10; no digits at the end, or more than Go's int64 holds, gives 0. */
function trailingNumber(value: string): bigint {
  const digits = /[0-9]+$/.exec(value)?.[0];
  const number = digits === undefined ? 0n : BigInt(digits);
  return number > MAX_INT64 ? 0n : number;
}

/** Sort keys of the default order, read once per Pod. */
interface OrderKey {
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
function orderKey(pod: ObservedPod): OrderKey {
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
function compareOrderKeys(a: OrderKey, b: OrderKey): number {
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
