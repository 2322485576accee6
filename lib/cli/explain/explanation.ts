import type { Pod } from "../../api/pod.ts";
import {
  containersOfPair,
  isHotUpgrade,
  isHotUpgradeInit,
} from "../../core/annotations/hot_upgrade.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Reason } from "../../core/reasons.ts";
import { explainMismatch } from "../../core/select/mismatch.ts";
import type { PodCounts } from "../../core/status/counts.ts";
import { type UnknownField, unknownFields } from "../../core/validate/unknown_fields.ts";
import { namespaceOf } from "../cluster/known_cluster.ts";
import { type UpdateState, updateStateOf } from "../pods/classes.ts";
import { outcomeOf, type OutcomeOptions, type PodOutcome } from "../pods/outcome.ts";
import type { PodSubject } from "../pods/targets.ts";
import type { UninjectedGroup } from "../pods/uninjected.ts";

/** What becomes of one SidecarSet for one Pod. */
export interface SidecarSetExplanation {
  readonly name: string;
  /**
   * HeldBack: it fits, but another SidecarSet keeps the Pod from being created. Uninjected: the Pod that runs is selected
   * and has nothing of it.
   */
  readonly verdict: "Injected" | "InjectedBefore" | "HeldBack" | "NotInjected" | "Uninjected";
  /** Why it is not injected. */
  readonly reason?: Reason;
  readonly message?: string;
  /** Whether the Pod is refused for it. */
  readonly refuses?: boolean;
  /** The revision that the Pod has. */
  readonly revision?: string;
  /** Only for InjectedBefore. */
  readonly update?: UpdateState;
  /** The fields, but images, that have changed since the Pod's revision, where it cannot be upgraded in place. */
  readonly changed?: readonly string[];
  /** Only for Uninjected: whether the Pod was created while the selection was in force. */
  readonly missed?: boolean;
  /** What to know although it is injected, each with the remedy first. */
  readonly caveats?: readonly string[];
  /** What becomes of the Pod now, without anybody's doing. */
  readonly next?: string;
  /** The commands that get the Pod its sidecars or its current revision. */
  readonly commands?: readonly string[];
  /** Fields of the SidecarSet that do nothing, for they are most likely misspelt. */
  readonly unknownFields?: readonly UnknownField[];
}

export interface ContainerExplanation {
  readonly name: string;
  readonly image: string;
  /** The SidecarSet that brings it; absent for the Pod's own. */
  readonly sidecarSet?: string;
}

/** What all SidecarSets do to one Pod. */
export interface PodExplanation {
  /** As kubectl names the Pod or workload: `deployment/web`. */
  readonly object: string;
  readonly namespace: string;
  /** Whether the Pod cannot be created. */
  readonly refused: boolean;
  /** By name. */
  readonly sidecarSets: readonly SidecarSetExplanation[];
  /** Those of the Pod as it is created, in the order in which they start. */
  readonly initContainers: readonly ContainerExplanation[];
  readonly containers: readonly ContainerExplanation[];
  /** The Pods that a workload of the cluster has. */
  readonly pods?: PodsSummary;
  /** Why a workload of the cluster lacks Pods. */
  readonly refusal?: RefusalExplanation;
}

/** What the API server said when it refused a workload's Pods. */
export interface RefusalExplanation {
  readonly message: string;
  /** The SidecarSets because of which; none where it is not because of sidecars. */
  readonly sidecarSets: readonly string[];
  readonly reason?: Reason;
}

/** How Pods stand to the SidecarSets that select them. */
export interface PodsSummary {
  readonly total: number;
  readonly sidecarSets: readonly SidecarSetPods[];
}

/** How the Pods of a workload stand to one SidecarSet. */
export interface SidecarSetPods extends PodCounts {
  readonly name: string;
  /** The Pods that are not injected, by reason. */
  readonly uninjected: readonly UninjectedGroup[];
  /** The commands that inject them. */
  readonly commands: readonly string[];
}

/** Explains what becomes of a Pod when it is created. */
export function explain(target: PodSubject, options: OutcomeOptions): PodExplanation {
  const outcome = outcomeOf(target, options);
  const { sidecarSets } = options.cluster;
  const injected = new Set(outcome.injection.injected.map(({ sidecarSet }) => sidecarSet));
  const owners = ownersOf(outcome.refused ? new Set() : injected, sidecarSets);
  return {
    object: target.title,
    namespace: target.pod.metadata.namespace ?? "",
    refused: outcome.refused,
    sidecarSets: sidecarSets
      .map((prepared) => withUnknownFields(explainOne(prepared, { outcome, options }), prepared))
      .sort((a, b) => a.name < b.name ? -1 : 1),
    ...containersOf(outcome.pod, owners),
  };
}

/** Says which fields of a SidecarSet are unknown, unless it has nothing to do with the Pod. */
export function withUnknownFields(
  explanation: SidecarSetExplanation,
  { sidecarSet }: PreparedSidecarSet,
): SidecarSetExplanation {
  if (explanation.reason === "NotSelected") return explanation;
  const found = unknownFields(sidecarSet);
  return found.length === 0 ? explanation : { ...explanation, unknownFields: found };
}

/** The containers of a Pod with the SidecarSets that they are from. */
export function containersOf(
  { spec: { initContainers = [], containers } }: Pod,
  owners: ReadonlyMap<string, string>,
): Pick<PodExplanation, "initContainers" | "containers"> {
  return {
    initContainers: initContainers.map((each) => explainContainer(each, owners)),
    containers: containers.map((each) => explainContainer(each, owners)),
  };
}

function explainOne(
  prepared: PreparedSidecarSet,
  { outcome, options }: { outcome: PodOutcome; options: OutcomeOptions },
): SidecarSetExplanation {
  const { name } = prepared;
  const { pod } = outcome.target;
  const mismatch = explainMismatch(prepared.sidecarSet.spec, {
    labels: pod.metadata.labels ?? {},
    namespace: namespaceOf(options.cluster, pod.metadata.namespace ?? ""),
  });
  if (mismatch) {
    const message = `${mismatch.field} ${mismatch.message}`;
    return { name, verdict: "NotInjected", reason: "NotSelected", message };
  }
  const skip = outcome.injection.skipped.find(({ sidecarSet }) => sidecarSet === name);
  if (skip) {
    const { reason, message, refuses } = skip;
    return { name, verdict: "NotInjected", reason, message, refuses };
  }
  if (outcome.refused) return { name, verdict: "HeldBack" };
  const injected = outcome.injection.injected.find(({ sidecarSet }) => sidecarSet === name);
  const revision = injected?.revision ? { revision: injected.revision } : {};
  const caveats = caveatsOf(outcome, name);
  if (injected?.isNew !== false) return { name, verdict: "Injected", ...revision, ...caveats };
  const update = updateStateOf(pod, prepared);
  return { name, verdict: "InjectedBefore", ...revision, update, ...caveats };
}

/** What to know of one SidecarSet in a Pod. */
export function caveatsOf(
  { injection: { caveats = [] } }: PodOutcome<PodSubject>,
  sidecarSetName: string,
): Pick<SidecarSetExplanation, "caveats"> {
  const own = caveats.filter(({ sidecarSet }) => sidecarSet === sidecarSetName);
  return own.length === 0 ? {} : { caveats: own.map(({ message }) => message) };
}

function explainContainer(
  { name, image = "" }: Pod["spec"]["containers"][number],
  owners: ReadonlyMap<string, string>,
): ContainerExplanation {
  const sidecarSet = owners.get(name);
  return { name, image, ...(sidecarSet === undefined ? {} : { sidecarSet }) };
}

/** The SidecarSets of the Pod's containers, by the containers' names; only of those that are injected. */
export function ownersOf(
  injected: ReadonlySet<string>,
  sidecarSets: readonly PreparedSidecarSet[],
): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const { name, sidecarSet } of sidecarSets) {
    if (!injected.has(name)) continue;
    const { initContainers = [], containers = [] } = sidecarSet.spec;
    const names = [
      ...initContainers.flatMap((each) => namesInPod(each, isHotUpgradeInit(each))),
      ...containers.flatMap((each) => namesInPod(each, isHotUpgrade(each))),
    ];
    for (const each of names) owners.set(each, name);
  }
  return owners;
}

function namesInPod({ name }: { name: string }, alternates: boolean): readonly string[] {
  return alternates ? containersOfPair(name) : [name];
}
