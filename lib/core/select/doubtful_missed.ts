import type { LabelSelector } from "../../api/meta.ts";
import type { Pod } from "../../api/pod.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";

export interface MissedBefore {
  readonly spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">;
  /** Number of missed Pods at the last count. */
  readonly missedBefore: number;
  /** Time until which that count was right. */
  readonly countedUntil: Date;
  /** RFC 3339, in whole seconds. */
  readonly effectiveSince: string | undefined;
}

/** Maximum delay of a count in milliseconds. */
const MARGIN = 10_000;

/**
 * Pods that look missed at start-up but may have become selected later: by a removed label of the Pod or its
 * namespace, or created in the same second as the selection. The objects do not show either. If the last count of
 * missed Pods was lower, all Pods that existed then are uncertain.
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

/** Whether a selector matches absent labels, so that removing a label can make it match. */
function excludes({ matchExpressions = [] }: LabelSelector = {}): boolean {
  return matchExpressions.some(({ operator }) =>
    operator === "NotIn" || operator === "DoesNotExist"
  );
}
