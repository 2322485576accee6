import type { Occurrence } from "../controller/events.ts";
import type { MissedSummary } from "../controller/missed/controller.ts";
import { sidecarSetReference } from "../controller/references.ts";
import type { Termination } from "../core/cleanup/jobs.ts";
import { TERMINATION_REASONS } from "../core/condition_reasons.ts";
import { TERMINATE_WITH_IMAGE_ENV } from "../api/names.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { refusalSentence, type RefusalSummary } from "../core/status/facts.ts";

/** Tells of Pods that were created without the sidecars that they should have got. */
export function missedOccurrence(prepared: PreparedSidecarSet, summary: MissedSummary): Occurrence {
  const { reason, message, example, byReason } = summary;
  const count = [...byReason.values()].reduce((a, b) => a + b, 0);
  return {
    regarding: sidecarSetReference(prepared),
    type: "Warning",
    reason,
    action: "Inject",
    note: `${count} ${
      count === 1 ? "Pod was" : "Pods were"
    } missed, for example ${example}: ${message}`,
  };
}

/** Tells of workloads whose Pods are refused. */
export function refusedOccurrence(
  prepared: PreparedSidecarSet,
  summary: RefusalSummary,
): Occurrence {
  return {
    regarding: sidecarSetReference(prepared),
    type: "Warning",
    reason: "PodRefused",
    action: "Inject",
    note: refusalSentence(summary),
  };
}

/** Tells of sidecars that were ended, or cannot be. */
export function terminationNote(
  termination: Termination,
): Pick<Occurrence, "type" | "reason" | "note"> {
  switch (termination.kind) {
    case "Phase": {
      const { reason } = termination;
      const note = `Ended the sidecars because ${TERMINATION_REASONS[reason]}`;
      return { type: "Normal", reason, note };
    }
    case "Images":
      return {
        type: "Normal",
        reason: "SidecarTerminator",
        note: "Gave the sidecars the images that end, because all main containers have ended",
      };
    case "Impossible":
      return {
        type: "Warning",
        reason: "TerminationImageMissing",
        note: `Cannot end ${
          termination.containers.join(", ")
        } on a virtual node: name an image in ${TERMINATE_WITH_IMAGE_ENV}`,
      };
  }
}
