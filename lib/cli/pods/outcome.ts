import type { Labels } from "../../api/meta.ts";
import { isMirrorPod, type Pod } from "../../api/pod.ts";
import type { ReplacementFacts } from "../../core/cleanup/replacement.ts";
import type { Injection, InjectRequest } from "../../core/inject/contract.ts";
import { inject } from "../../core/inject/inject.ts";
import { injectedPod } from "../../core/json/patch.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../core/prepared.ts";
import { type Reason, REASONS } from "../../core/reasons.ts";
import { blamedSidecarSets } from "../../core/refused/blame.ts";
import { selectsPod } from "../../core/select/pod_selection.ts";
import { isActive } from "../../core/status/readiness.ts";
import { type KnownCluster, namespaceOf } from "../cluster/known_cluster.ts";
import type { PodSubject } from "./targets.ts";

/** The cluster and the time at which a Pod would be created. */
export interface OutcomeOptions {
  readonly cluster: KnownCluster;
  readonly excludedNamespaces: readonly string[];
  readonly now: Date;
}

/** The result of the injection into a new Pod. */
export interface PodOutcome<T extends PodSubject = PodSubject> {
  readonly target: T;
  /** The SidecarSets that select the Pod with the labels that the injection gives it. */
  readonly selecting: readonly PreparedSidecarSet[];
  readonly labels: Labels;
  readonly injection: Injection;
  /** Whether a SidecarSet with `failurePolicy: Fail` refuses the Pod. */
  readonly refused: boolean;
  /** The injected Pod; unchanged if it is refused. */
  readonly pod: Pod;
}

/** Makes the same decision as the webhook. */
export function outcomeOf<T extends PodSubject>(target: T, options: OutcomeOptions): PodOutcome<T> {
  const { cluster, excludedNamespaces, now } = options;
  const { pod } = target;
  const namespace = namespaceOf(cluster, pod.metadata.namespace ?? "");
  const match = matcherFor(cluster, namespace);
  const selecting = match(pod.metadata.labels ?? {});
  const exempt = exemption(pod, excludedNamespaces);
  const injection = exempt ? noInjection(selecting, exempt) : inject({
    pod: asSent(pod),
    namespace,
    selecting,
    match,
    revisionsOf: () => cluster.revisions,
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    now,
  });
  const refused = injection.skipped.some(({ refuses }) => refuses);
  const injected = injectedPod(pod, injection.patch);
  const { labels = {} } = injected.metadata;
  return {
    target,
    selecting: match(labels),
    labels,
    injection,
    refused,
    pod: refused ? pod : injected,
  };
}

/** The SidecarSets that select a Pod with given labels in a namespace. */
function matcherFor(
  { sidecarSets }: KnownCluster,
  namespace: NamespaceFacts,
): InjectRequest["match"] {
  return (labels) =>
    sidecarSets.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace }));
}

/** Removes the metadata that the API server drops from a create request before it calls webhooks. */
function asSent(pod: Pod): Pod {
  const { uid: _uid, creationTimestamp: _created, managedFields: _fields, ...metadata } =
    pod.metadata;
  return { ...pod, metadata };
}

/** Why a Pod is exempt from injection by any SidecarSet. */
function exemption(pod: Pod, excludedNamespaces: readonly string[]): Reason | undefined {
  if (excludedNamespaces.includes(pod.metadata.namespace ?? "")) return "NamespaceExcluded";
  if (isMirrorPod(pod)) return "MirrorPod";
  return isActive(pod) ? undefined : "PodNotActive";
}

function noInjection(selecting: readonly PreparedSidecarSet[], reason: Reason): Injection {
  const skipped = selecting.map(({ name }) => ({
    sidecarSet: name,
    reason,
    message: REASONS[reason],
    refuses: false,
  }));
  return { patch: [], injected: [], skipped };
}

/** Input of the injection into a Pod's replacement. */
export function replacementFacts(
  { name }: PreparedSidecarSet,
  { pod, options }: { pod: Pod; options: OutcomeOptions },
): ReplacementFacts {
  const { cluster, excludedNamespaces, now } = options;
  const namespace = namespaceOf(cluster, pod.metadata.namespace ?? "");
  const match = matcherFor(cluster, namespace);
  return {
    sidecarSet: name,
    excludedNamespaces: new Set(excludedNamespaces),
    request: {
      namespace,
      selecting: match(pod.metadata.labels ?? {}),
      match,
      revisionsOf: () => cluster.revisions,
      sharesOf: () => ({ matched: 0, pinned: 0 }),
      now,
    },
    inject,
  };
}

/**
 * The SidecarSets that cause the API server's refusal of a Pod.
 *
 * @param text Message of the API server.
 */
export function blamedFor(text: string, { target: { pod }, selecting, injection }: PodOutcome) {
  return blamedSidecarSets(text, { pod, selecting, injection });
}
