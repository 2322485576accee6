import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../api/json.ts";
import {
  type Condition,
  type SidecarSetStatus,
  sidecarSetStatus,
} from "../../api/sidecarset_status.ts";
import { CONDITIONS } from "../reasons.ts";
import { rfc3339 } from "../../api/meta.ts";
import { type ConditionState, missedState, progressingState, readyState } from "./conditions.ts";
import type { PodCounts } from "./pod_class.ts";
import type { StatusFacts } from "./facts.ts";

/**
 * The status for these facts. A condition's time changes only with its status. Conditions and fields of other
 * clients are kept.
 *
 * @returns the previous status itself if nothing changes
 */
export function nextStatus(
  previous: SidecarSetStatus | undefined,
  facts: StatusFacts,
): SidecarSetStatus {
  const conditions = nextConditions(previous?.conditions, facts);
  const next: SidecarSetStatus = {
    ...previous,
    observedGeneration: facts.generation,
    ...facts.counts,
    latestRevision: facts.latestRevision,
    collisionCount: facts.collisionCount,
    conditions,
  };
  for (const key of ["effectiveSince", "selectionHash"] as const) {
    const value = facts.effective[key];
    if (value === undefined) delete next[key];
    else next[key] = value;
  }
  if (facts.evictions.length === 0) delete next.evictions;
  else if (facts.evictions !== previous?.evictions) next.evictions = [...facts.evictions];
  return previous !== undefined && isSame(previous, next) ? previous : next;
}

function nextConditions(
  previous: Condition[] | undefined,
  facts: StatusFacts,
): Condition[] {
  const states = [readyState(facts), progressingState(facts), missedState(facts)];
  const own = states.map((state) =>
    nextCondition(previous?.find(({ type }) => type === state.type), { state, facts })
  );
  const foreign = (previous ?? []).filter(({ type }) =>
    states.every((state) => state.type !== type)
  );
  const next = [...own, ...foreign];
  const unchanged = previous?.length === next.length &&
    next.every((condition, i) => condition === previous[i]);
  return unchanged ? previous : next;
}

function nextCondition(
  previous: Condition | undefined,
  { state, facts }: { readonly state: ConditionState; readonly facts: StatusFacts },
): Condition {
  const { generation, now } = facts;
  if (
    previous !== undefined && previous.status === state.status &&
    previous.reason === state.reason && previous.message === state.message &&
    previous.observedGeneration === generation
  ) return previous;
  const lastTransitionTime = previous?.status === state.status
    ? previous.lastTransitionTime
    : rfc3339(now);
  return { ...state, lastTransitionTime, observedGeneration: generation };
}

function isSame(a: SidecarSetStatus, b: SidecarSetStatus): boolean {
  const keys = Object.keys(b);
  return Object.keys(a).length === keys.length && keys.every((key) => a[key] === b[key]);
}

/** What the stored progress is compared with. */
interface StoredProgressFacts {
  readonly generation: number;
  readonly counts: PodCounts;
  readonly deadlineSeconds: number;
}

/**
 * Time in RFC 3339 of a roll-out's last progress, by its stored status, for a process that starts: an exceeded
 * deadline stays exceeded until a Pod changes. Undefined if unknown.
 */
export function storedProgress(
  status: SidecarSetStatus | undefined,
  { generation, counts, deadlineSeconds }: StoredProgressFacts,
): string | undefined {
  const condition = status?.conditions?.find(({ type }) => type === "Progressing");
  if (condition?.reason !== "ProgressDeadlineExceeded") return undefined;
  const { observedGeneration, updatedPods = 0, updatedReadyPods = 0 } = status ?? {};
  const isSame = observedGeneration === generation && updatedPods === counts.updatedPods &&
    updatedReadyPods === counts.updatedReadyPods;
  const exceededAt = Date.parse(condition.lastTransitionTime);
  if (!isSame || Number.isNaN(exceededAt)) return undefined;
  return new Date(exceededAt - deadlineSeconds * 1000).toISOString();
}

const OWN_FIELDS = Object.keys(sidecarSetStatus.shape);

/**
 * Whether another client changed members of a status that this program wrote. Fields and conditions of other
 * clients are ignored.
 *
 * @param kept what the API server stored of the write
 */
export function isStatusOverwritten(
  status: SidecarSetStatus | undefined,
  kept: Readonly<Record<string, unknown>>,
): boolean {
  return OWN_FIELDS.some((key) =>
    key === "conditions"
      ? !isDeepStrictEqual(ownConditions(status?.conditions), ownConditions(kept.conditions))
      : !isDeepStrictEqual(status?.[key], kept[key])
  );
}

/** By type, as the order is irrelevant. */
function ownConditions(conditions: unknown): Map<string, unknown> {
  const own = new Map<string, unknown>();
  for (const condition of Array.isArray(conditions) ? conditions : []) {
    const type = isObject(condition) ? String(condition.type) : "";
    if (Object.hasOwn(CONDITIONS, type)) own.set(type, condition);
  }
  return own;
}
