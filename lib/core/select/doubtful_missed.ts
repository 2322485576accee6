import type { LabelSelector } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";

export interface MissedBefore {
  readonly spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">;
  /** How many missed Pods were counted last. */
  readonly missedBefore: number;
  /** Until when that count was right. */
  readonly countedUntil: Date;
}

/** Milliseconds that a count may be behind the Pods. */
const MARGIN = 10_000;

/**
 * Of the Pods that look missed to a process that starts, those that may only have come to be selected when a label was removed from them or
 * their namespace: of that nothing tells in the objects. Where there were fewer when Pods were counted last, all that existed then are in doubt.
 */
export function doubtfulMissed(
  missed: readonly Pod[],
  { spec, missedBefore, countedUntil }: MissedBefore,
): readonly Pod[] {
  if (!excludes(spec.selector) && !excludes(spec.namespaceSelector)) return [];
  const counted = missed.filter(({ metadata }) =>
    Date.parse(metadata.creationTimestamp ?? "") < countedUntil.getTime() - MARGIN
  );
  return counted.length > missedBefore ? counted : [];
}

/** Whether a selector takes what lacks a label, so that a removal may make it match. */
function excludes({ matchExpressions = [] }: LabelSelector = {}): boolean {
  return matchExpressions.some(({ operator }) =>
    operator === "NotIn" || operator === "DoesNotExist"
  );
}
