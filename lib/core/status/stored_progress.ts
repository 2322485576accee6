import type { SidecarSetStatus } from "../../api/sidecarset_status.ts";
import type { PodCounts } from "./counts.ts";

export interface StoredProgressFacts {
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
