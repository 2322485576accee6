import type { Pod } from "../../api/pod.ts";
import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import { replacementObstacle } from "../../core/cleanup/replacement.ts";
import { CONDITION_REASONS } from "../../core/condition_reasons.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { REASONS } from "../../core/reasons.ts";
import { explainMismatch } from "../../core/select/mismatch.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import { recordOf } from "../../core/status/record.ts";
import { namespaceOf } from "../cluster/known_cluster.ts";
import { classOf } from "../pods/classes.ts";
import type { OutcomeOptions } from "../pods/outcome.ts";
import { replacementFacts } from "../pods/replacement.ts";
import type { PodSubject } from "../pods/targets.ts";
import { type UpdateState, updateStateOf } from "../pods/update_state.ts";
import { changedFields, partsOf, recordedParts } from "../sidecarsets/revision_parts.ts";
import { conditionOf } from "../sidecarsets/rollout_state.ts";
import {
  containersOf,
  ownersOf,
  type PodExplanation,
  type SidecarSetExplanation,
  withUnknownFields,
} from "./explanation.ts";

export interface StoredPodOptions extends OutcomeOptions {
  /** What a person types to run the program. */
  readonly program: string;
}

/** Explains what SidecarSets did to a Pod that is stored in a cluster, and what becomes of it. */
export function explainStored(subject: PodSubject, options: StoredPodOptions): PodExplanation {
  const { title, pod } = subject;
  const { sidecarSets } = options.cluster;
  const injected = sidecarSets.filter(({ sidecarSet }) => isInjectedBy(pod, sidecarSet));
  return {
    object: title,
    namespace: pod.metadata.namespace ?? "",
    refused: false,
    sidecarSets: sidecarSets
      .map((prepared) => withUnknownFields(explainOne(prepared, { pod, options }), prepared))
      .sort((a, b) => a.name < b.name ? -1 : 1),
    ...containersOf(pod, ownersOf(new Set(injected.map(({ name }) => name)), sidecarSets)),
  };
}

function explainOne(
  prepared: PreparedSidecarSet,
  { pod, options }: { pod: Pod; options: StoredPodOptions },
): SidecarSetExplanation {
  const { name, sidecarSet } = prepared;
  const mismatch = explainMismatch(sidecarSet.spec, {
    labels: pod.metadata.labels ?? {},
    namespace: namespaceOf(options.cluster, pod.metadata.namespace ?? ""),
  });
  const wasInjected = isInjectedBy(pod, sidecarSet);
  if (mismatch) {
    const message = `${mismatch.field} ${mismatch.message}` +
      (wasInjected ? ", and yet the Pod has its sidecars from before" : "");
    return { name, verdict: "NotInjected", reason: "NotSelected", message };
  }
  if (!wasInjected) return explainUninjected(prepared, { pod, options });
  const revision = recordOf(pod, name).full?.controllerRevision;
  const update = updateStateOf(pod, prepared);
  const next = nextOf(update, prepared);
  const old = options.cluster.revisions.find(({ metadata }) => metadata.name === revision);
  const changed = old !== undefined && update.state === "NotUpgradable"
    ? { changed: changedFields(recordedParts(old), partsOf(sidecarSet.spec)) }
    : {};
  return {
    name,
    verdict: "InjectedBefore",
    ...(revision === undefined ? {} : { revision }),
    update,
    ...changed,
    ...(next === undefined ? {} : { next }),
  };
}

function explainUninjected(
  prepared: PreparedSidecarSet,
  { pod, options }: { pod: Pod; options: StoredPodOptions },
): SidecarSetExplanation {
  const { name } = prepared;
  const missed = hasTrait(classOf(pod, prepared, options.cluster), PodTrait.Missed);
  const obstacle = replacementObstacle(pod, replacementFacts(prepared, { pod, options }));
  if (obstacle) return { name, verdict: "Uninjected", missed, ...obstacle };
  return {
    name,
    verdict: "Uninjected",
    missed,
    ...(missed ? { reason: "NotReviewed" } : {}),
    message: missed
      ? REASONS.NotReviewed
      : "the Pod is older than the SidecarSet's selection, or came to be selected later",
    next: "nothing until the Pod is created anew, which would inject it: " +
      `${options.program} rollout restart-injection ${name}`,
  };
}

/** What the controller does with an outdated Pod; undefined for one that is up to date. */
function nextOf({ state }: UpdateState, { sidecarSet }: PreparedSidecarSet): string | undefined {
  const { spec, status = {} } = sidecarSet;
  switch (state) {
    case "UpToDate":
    case "Completed":
      return undefined;
    case "Stripped":
      return "nothing until the Pod is recreated";
    case "InFlight":
      return "the kubelet is changing the container";
    case "NotUpgradable":
      return spec.updateStrategy?.recreatePolicy === "Evict"
        ? "the Pod is evicted as soon as the eviction rule allows"
        : "nothing until the Pod is created anew";
    case "Upgradable": {
      const reason = conditionOf(status, "Progressing")?.reason ?? "RollingOut";
      if (reason === "RollingOut") return "its images are changed as the roll-out gets to it";
      const why = Object.entries(CONDITION_REASONS).find(([known]) => known === reason)?.[1];
      return `it waits (${reason}): ${why ?? "see the SidecarSet's condition Progressing"}`;
    }
  }
}
