import type { Pod } from "../../api/pod.ts";
import { podPatches } from "../../core/annotations/pod_patches.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Reason } from "../../core/reasons.ts";
import { explainMismatch } from "../../core/select/mismatch.ts";
import type { PodCounts } from "../../core/status/pod_class.ts";
import { type UnknownField, unknownFields } from "../../core/validate/unknown_fields.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import { type KnownCluster, namespaceOf } from "../cluster/known_cluster.ts";
import { type UpdateState, updateStateOf } from "../pods/classes.ts";
import { outcomeOf, type OutcomeOptions, type PodOutcome } from "../pods/outcome.ts";
import type { PodSubject } from "../pods/targets.ts";
import { knownMechanism, type Mechanism } from "../sidecarsets/mechanism.ts";
import type { UninjectedGroup } from "../pods/uninjected.ts";
import { injectedFields, ownersOf } from "./injected_fields.ts";
import type { RecordedPods } from "./recorded_pods.ts";

/** The result of one SidecarSet for one Pod. */
export interface SidecarSetExplanation {
  readonly name: string;
  /** HeldBack: selected, but another SidecarSet refuses the Pod. Uninjected: a selected Pod exists without it. */
  readonly verdict: "Injected" | "InjectedBefore" | "HeldBack" | "NotInjected" | "Uninjected";
  /** Why the SidecarSet is not injected. */
  readonly reason?: Reason;
  readonly message?: string;
  /** Whether the SidecarSet refuses the Pod. */
  readonly refuses?: boolean;
  /** Revision in the Pod. */
  readonly revision?: string;
  /** Only for InjectedBefore. */
  readonly update?: UpdateState;
  /** Fields other than images that differ from the Pod's revision, if it is not upgradable in place. */
  readonly changed?: readonly string[];
  /** Only for Uninjected: whether the Pod was created while the selection was active. */
  readonly missed?: boolean;
  /** What the SidecarSet changes of the Pod's own labels and containers. */
  readonly patches?: readonly string[];
  /** Caveats of the injection, each with the remedy first. */
  readonly caveats?: readonly string[];
  /** What the controller does next. */
  readonly next?: string;
  /** Commands that give the Pod the current sidecars. */
  readonly commands?: readonly string[];
  /** Paths of the Pod's fields that come from the SidecarSet. */
  readonly fields?: readonly string[];
  /** What injects the SidecarSet, if it asks for a policy. */
  readonly mechanism?: Mechanism;
  /** Unknown fields of the SidecarSet, probably misspelt. */
  readonly unknownFields?: readonly UnknownField[];
}

/** What `explain` says of one container. */
export interface ContainerExplanation {
  readonly name: string;
  readonly image: string;
  /** SidecarSet of the container; absent for the Pod's own. */
  readonly sidecarSet?: string;
}

/** The results of all SidecarSets for one Pod. */
export interface PodExplanation {
  /** Name of the Pod or workload in kubectl's form: `deployment/web`. */
  readonly object: string;
  readonly namespace: string;
  /** Whether the Pod cannot be created. */
  readonly refused: boolean;
  /** Whether this user may not read all SidecarSets. */
  readonly incomplete?: boolean;
  /** Sorted by name. */
  readonly sidecarSets: readonly SidecarSetExplanation[];
  /** The containers of the created Pod, in start order. */
  readonly initContainers: readonly ContainerExplanation[];
  readonly containers: readonly ContainerExplanation[];
  /** Existing Pods of a workload. */
  readonly pods?: PodsSummary;
  /** Instead of `pods` if this user may not list SidecarSets. */
  readonly recordedPods?: RecordedPods;
  /** Why a workload of the cluster lacks Pods. */
  readonly refusal?: RefusalExplanation;
}

/** The API server's refusal of a workload's Pods. */
export interface RefusalExplanation {
  readonly message: string;
  /** SidecarSets that cause the refusal; empty if no sidecar is the cause. */
  readonly sidecarSets: readonly string[];
  readonly reason?: Reason;
}

/** State of Pods per SidecarSet. */
export interface PodsSummary {
  readonly total: number;
  readonly sidecarSets: readonly SidecarSetPods[];
}

/** State of a workload's Pods for one SidecarSet. */
export interface SidecarSetPods extends PodCounts {
  readonly name: string;
  /** Uninjected Pods by reason. */
  readonly uninjected: readonly UninjectedGroup[];
  /** Commands that inject them. */
  readonly commands: readonly string[];
}

/** Explains the injection of a new Pod. */
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
      .map((prepared) => {
        const explanation = explainOne(prepared, { outcome, options });
        return withSpecNotes(explanation, { prepared, cluster: options.cluster });
      })
      .sort((a, b) => a.name < b.name ? -1 : 1),
    ...containersOf(outcome.pod, owners),
  };
}

/** Adds the mechanism and the unknown fields of a SidecarSet, unless it does not select the Pod. */
export function withSpecNotes(
  explanation: SidecarSetExplanation,
  { prepared, cluster }: { prepared: PreparedSidecarSet; cluster: KnownCluster },
): SidecarSetExplanation {
  if (explanation.reason === "NotSelected") return explanation;
  const found = unknownFields(prepared.sidecarSet);
  return {
    ...explanation,
    ...(usesPolicy(prepared) ? { mechanism: knownMechanism(prepared, cluster) } : {}),
    ...(found.length === 0 ? {} : { unknownFields: found }),
  };
}

/** The containers of a Pod with their SidecarSets. */
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
    labels: outcome.labels,
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
  const facts = {
    name,
    ...revision,
    ...patchesIn(outcome.pod, name),
    ...caveatsOf(outcome, name),
    fields: injectedFields(outcome.pod, prepared),
  };
  if (injected?.isNew !== false) return { ...facts, verdict: "Injected" };
  return { ...facts, verdict: "InjectedBefore", update: updateStateOf(pod, prepared) };
}

/** What a Pod records of a SidecarSet's patches: a line for its labels, and one for each container. */
export function patchesIn(pod: Pod, sidecarSet: string): Pick<SidecarSetExplanation, "patches"> {
  const { labels = {}, containers = {} } = podPatches(pod).get(sidecarSet) ?? {};
  const set = Object.keys(labels).map((key) => `${key}=${pod.metadata.labels?.[key] ?? ""}`);
  const patches = [
    ...(set.length === 0
      ? []
      : [`sets ${set.length === 1 ? "label" : "labels"} ${set.join(", ")}`]),
    ...Object.entries(containers).map(([name, { env = {}, envFrom = [], volumeMounts = [] }]) => {
      const changes = [
        ...Object.keys(env).map((variable) => `env ${variable}`),
        ...(envFrom.length === 0 ? [] : ["envFrom"]),
        ...volumeMounts.map((path) => `mount ${path}`),
      ];
      return `changes container ${name}: ${changes.join(", ")}`;
    }),
  ];
  return patches.length === 0 ? {} : { patches };
}

/** Caveats of one SidecarSet in a Pod. */
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
