import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PodCounts } from "./counts.ts";

export interface StoredProgressFacts {
  readonly generation: number;
  readonly counts: PodCounts;
  readonly deadlineSeconds: number;
}

/**
 * When a roll-out last made progress, as far as its stored status tells a process that has just started: a deadline that had passed stays
 * passed until a Pod changes. RFC 3339; undefined where nothing is known.
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
