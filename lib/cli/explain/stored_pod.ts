import type { KubeEvent } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import { CONDITION_REASONS, REASONS } from "../../core/reasons.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { explainMismatch } from "../../core/select/mismatch.ts";
import { isActive } from "../../core/status/readiness.ts";
import { recordOf } from "../../core/status/record.ts";
import { namespaceOf } from "../cluster/known_cluster.ts";
import { type UpdateState, updateStateOf } from "../pods/classes.ts";
import { outcomeOf, type OutcomeOptions } from "../pods/outcome.ts";
import type { PodSubject } from "../pods/targets.ts";
import { resumeInjection, uninjectedState } from "../pods/uninjected.ts";
import { changedFields, partsOf, recordedParts } from "../sidecarsets/revision_parts.ts";
import { conditionOf } from "../sidecarsets/rollout_state.ts";
import {
  caveatsOf,
  containersOf,
  patchesIn,
  type PodExplanation,
  type SidecarSetExplanation,
  withSpecNotes,
} from "./explanation.ts";
import { injectedFields, ownersOf } from "./injected_fields.ts";
import { recordedOwners, recordedSidecarSets } from "./recorded_sidecarsets.ts";

/** Options for the explanation of a Pod of the cluster. */
export interface StoredPodOptions extends OutcomeOptions {
  /** Name of the call: `sidecarset` or `kubectl sidecarset`. */
  readonly program: string;
  /** Whether all SidecarSets of the cluster are known. */
  readonly knowsSidecarSets: boolean;
}

interface StoredPodFacts extends StoredPodOptions {
  /** Command that recreates the Pod. */
  readonly recreate: string;
  /** Events of the Pod, which name skipped SidecarSets if not all are known. */
  readonly events: readonly KubeEvent[];
}

/** Explains what SidecarSets did to a stored Pod, and what happens next. */
export function explainStored(subject: PodSubject, options: StoredPodFacts): PodExplanation {
  const { title, pod } = subject;
  const { sidecarSets } = options.cluster;
  const injected = sidecarSets.filter(({ sidecarSet }) => isInjectedBy(pod, sidecarSet));
  const known = new Set(sidecarSets.map(({ name }) => name));
  const recorded = options.knowsSidecarSets
    ? []
    : recordedSidecarSets(pod, { known, events: options.events });
  const owners = ownersOf(new Set(injected.map(({ name }) => name)), sidecarSets);
  return {
    object: title,
    namespace: pod.metadata.namespace ?? "",
    refused: false,
    ...(options.knowsSidecarSets ? {} : { incomplete: true }),
    sidecarSets: sidecarSets
      .map((prepared) => {
        const explanation = explainOne(prepared, { subject, options });
        return withSpecNotes(explanation, { prepared, cluster: options.cluster });
      })
      .concat(recorded)
      .sort((a, b) => a.name < b.name ? -1 : 1),
    ...containersOf(pod, new Map([...recordedOwners(pod), ...owners])),
  };
}

function explainOne(
  prepared: PreparedSidecarSet,
  { subject, options }: { subject: PodSubject; options: StoredPodFacts },
): SidecarSetExplanation {
  const { pod } = subject;
  const { name, sidecarSet } = prepared;
  const mismatch = explainMismatch(sidecarSet.spec, {
    labels: pod.metadata.labels ?? {},
    namespace: namespaceOf(options.cluster, pod.metadata.namespace ?? ""),
  });
  const wasInjected = isInjectedBy(pod, sidecarSet);
  if (mismatch) {
    const message = `${mismatch.field} ${mismatch.message}` +
      (wasInjected ? ", but the Pod still has its sidecars" : "");
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
    fields: injectedFields(pod, prepared),
    ...patchesIn(pod, name),
    ...caveatsOf(outcomeOf(subject, options), name),
    ...(next === undefined ? {} : { next }),
    ...(next === UNTIL_RECREATED ? { commands: [options.recreate] } : {}),
  };
}

function explainUninjected(
  prepared: PreparedSidecarSet,
  { pod, options }: { pod: Pod; options: StoredPodFacts },
): SidecarSetExplanation {
  const { name } = prepared;
  const { program, recreate } = options;
  const state = uninjectedState(pod, prepared, options);
  if (state === undefined) {
    // The selectors match, so only these two reasons remain.
    const reason = isActive(pod) ? "CanaryTakesOver" : "PodNotActive";
    return { name, verdict: "Uninjected", missed: false, reason, message: REASONS[reason] };
  }
  const { injectedWhenRecreated, ...why } = state;
  const found = { name, verdict: "Uninjected" as const, ...why };
  if (injectedWhenRecreated) return { ...found, next: UNTIL_RECREATED, commands: [recreate] };
  if (why.reason !== "InjectionPaused") return found;
  const commands = [resumeInjection({ name, program }), recreate];
  return { ...found, next: "nothing until injection is resumed and the Pod recreated", commands };
}

const UNTIL_RECREATED = "nothing until the Pod is recreated";

/** What the controller does next with an injected Pod; undefined if it needs nothing. */
function nextOf({ state }: UpdateState, { sidecarSet }: PreparedSidecarSet): string | undefined {
  const { spec, status = {} } = sidecarSet;
  switch (state) {
    case "UpToDate":
    case "Completed":
      return undefined;
    case "Stripped":
      return UNTIL_RECREATED;
    case "InFlight":
      return "the kubelet is replacing the container";
    case "Resizing":
      return "the kubelet applies the new resources as soon as the node has room";
    case "NotUpgradable":
      return spec.updateStrategy?.recreatePolicy === "Evict"
        ? "the Pod is evicted as soon as the eviction rule allows"
        : UNTIL_RECREATED;
    case "Upgradable": {
      const reason = conditionOf(status, "Progressing")?.reason ?? "RollingOut";
      if (reason === "RollingOut") return "the roll-out upgrades it in place";
      const why = Object.entries(CONDITION_REASONS).find(([known]) => known === reason)?.[1];
      return `waiting (${reason}): ${why ?? "see the SidecarSet's condition Progressing"}`;
    }
  }
}
