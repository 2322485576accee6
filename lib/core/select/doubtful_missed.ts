import type { LabelSelector } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";

export interface MissedBefore {
  readonly spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">;
  /** How many missed Pods were counted last. */
  readonly missedBefore: number;
  /** Until when that count was right. */
  readonly countedUntil: Date;
  /** RFC 3339, in whole seconds. */
  readonly effectiveSince: string | undefined;
}

/** Milliseconds that a count may be behind the Pods. */
const MARGIN = 10_000;

/**
 * Of the Pods that look missed to a process that starts, those that may only have come to be selected when a label was removed from them or
 * their namespace, or that were created in the same second as the selection, perhaps before it: of neither is there a trace in the objects.
 * Where there were fewer when Pods were counted last, all of them that existed then are in doubt.
 */
export function doubtfulMissed(
  missed: readonly Pod[],
  { spec, missedBefore, countedUntil, effectiveSince }: MissedBefore,
): readonly Pod[] {
  const counted = missed.filter(({ metadata }) =>
    Date.parse(metadata.creationTimestamp ?? "") < countedUntil.getTime() - MARGIN
  );
  if (counted.length <= missedBefore) return [];
  if (excludes(spec.selector) || excludes(spec.namespaceSelector)) return counted;
  return counted.filter(({ metadata }) => isSameSecond(metadata.creationTimestamp, effectiveSince));
}

function isSameSecond(created: string | undefined, since: string | undefined): boolean {
  return Date.parse(created ?? "") === Date.parse(since ?? "");
}

/** Whether a selector takes what lacks a label, so that a removal may make it match. */
function excludes({ matchExpressions = [] }: LabelSelector = {}): boolean {
  return matchExpressions.some(({ operator }) =>
    operator === "NotIn" || operator === "DoesNotExist"
  );
}
