import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { isObject } from "../api/json.ts";
import type { Labels } from "../api/meta.ts";
import { isMirrorPod, type Pod } from "../api/pod.ts";
import type { Injected, Injection, InjectRequest, Skip } from "../core/inject/contract.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import type { SelectionOrigin } from "../core/registration/pending.ts";
import { readOrigins } from "../core/registration/pending_entries.ts";
import { selectsPod } from "../core/select/pod_selection.ts";
import { isActive } from "../core/status/readiness.ts";
import { ALLOWED, failed, type Review } from "./decisions.ts";
import { podDecision } from "./pod_decision.ts";
import { type PodReader, readUnknown } from "./pod_reads.ts";

export interface PodReviewOptions extends PodReader {
  /** Whether the index holds all SidecarSets, namespaces and revisions of the cluster. */
  isSynced(): boolean;
  /** Namespaces whose Pods are never touched, the controller's own among them. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** The SidecarSets that select a Pod with these labels in this namespace. */
  match(labels: Labels, namespace: NamespaceFacts): readonly PreparedSidecarSet[];
  /** A SidecarSet that the index knows. */
  sidecarSet(name: string): PreparedSidecarSet | undefined;
  readonly revisionsOf: InjectRequest["revisionsOf"];
  readonly sharesOf: InjectRequest["sharesOf"];
  inject(request: InjectRequest): Injection;
  now(): Date;
  /** Whether `failurePolicy: Fail` refuses Pods. @default true */
  readonly refusesPods?: boolean;
  /** Told of every Pod that is really to be created, not of dry runs. */
  readonly observer?: PodReviewObserver;
}

export interface PodReviewObserver {
  /** Once for each SidecarSet that a Pod gets, however often the Pod is reviewed. */
  onInjected(injected: Injected, namespace: string): void;
  onSkipped(skip: Skip, namespace: string): void;
}

/** One request must not cause any number of others. */
const MAX_UNSEEN = 20;

/**
 * The review function for Pods (`pkg/webhook/pod/mutating/sidecarset.go:sidecarsetMutatingPod`): injects what selects
 * the Pod when it is created. What cannot be known for certain, because nothing is synced or something cannot be read,
 * is answered 503. A review that comes for a SidecarSet which this replica's watch has not sent yet, as its path says,
 * reads that SidecarSet from the API server.
 */
export function createPodReview(options: PodReviewOptions): Review {
  function reviewPod(
    request: AdmissionRequest,
    detail = "",
  ): AdmissionDecision | Promise<AdmissionDecision> {
    if (request.operation !== "CREATE" || request.subResource) return ALLOWED;
    const pod = request.object;
    if (!isPod(pod)) {
      return failed(
        400,
        "Cannot read request.object as a Pod: metadata or spec.containers is missing",
      );
    }
    const name = pod.metadata.namespace || request.namespace || "default";
    if (isNeverTouched(pod) || options.excludedNamespaces.has(name)) return ALLOWED;
    if (!options.isSynced()) return notSynced();
    const namespace = options.namespace(name);
    const unseen = detail === "" ? [] : readOrigins(detail).filter(isUnseen);
    // No await where all is known: what the index holds and what is answered belong to the same moment.
    return namespace && unseen.length === 0
      ? decide(pod, { namespace, request, read: [] })
      : decideUnknown(pod, { name, request, unseen });
  }

  /** Whether the index has neither this state of a SidecarSet nor a later one. */
  function isUnseen({ name, uid, generation }: SelectionOrigin): boolean {
    const { metadata } = options.sidecarSet(name)?.sidecarSet ?? {};
    return metadata?.uid !== uid || (metadata.generation ?? 0) < generation;
  }

  async function decideUnknown(
    pod: Pod,
    { name, request, unseen }: {
      name: string;
      request: AdmissionRequest;
      unseen: readonly SelectionOrigin[];
    },
  ): Promise<AdmissionDecision> {
    if (unseen.length > MAX_UNSEEN) {
      return failed(503, `Cannot decide yet: ${unseen.length} new SidecarSets have not been seen`);
    }
    const reads = await readUnknown({ namespace: name, sidecarSets: unseen }, options);
    // The index may have learnt of all that meanwhile, or have lost its watches.
    if (!options.isSynced()) return notSynced();
    const stillUnseen = unseen.filter(isUnseen).map((each) => each.name);
    const namespace = options.namespace(name) ?? reads.namespace;
    if (namespace && (reads.ok || stillUnseen.length === 0)) {
      const read = reads.sidecarSets.filter((each) => stillUnseen.includes(each.name));
      return decide(pod, { namespace, request, read });
    }
    return failed(503, reads.problem ?? `Cannot read namespace ${name}: it does not exist`);
  }

  function decide(
    pod: Pod,
    { namespace, request, read }: {
      namespace: NamespaceFacts;
      request: AdmissionRequest;
      /** SidecarSets of which the index has an older state, or none. */
      read: readonly PreparedSidecarSet[];
    },
  ): AdmissionDecision {
    const { labels = {} } = pod.metadata;
    const matched = options.match(labels, namespace);
    const selecting = read.length === 0 ? matched : [
      ...matched.filter(({ name }) => read.every((each) => each.name !== name)),
      ...read.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace })),
    ];
    if (selecting.length === 0) return ALLOWED;
    const found = options.inject({
      pod: pod.metadata.namespace ? pod : inNamespace(pod, namespace.name),
      namespace,
      selecting,
      revisionsOf: options.revisionsOf,
      sharesOf: options.sharesOf,
      now: options.now(),
    });
    const injection = options.refusesPods === false ? withoutRefusals(found) : found;
    if (request.dryRun !== true) tell(options.observer, injection, namespace.name);
    return podDecision(injection);
  }

  return reviewPod;
}

/** The Pod is admitted without the SidecarSets that would refuse it. */
function withoutRefusals(injection: Injection): Injection {
  const skipped = injection.skipped.map((skip) =>
    skip.refuses ? { ...skip, refuses: false } : skip
  );
  return { ...injection, skipped };
}

function tell(
  observer: PodReviewObserver | undefined,
  injection: Injection,
  namespace: string,
): void {
  if (!observer) return;
  for (const skip of injection.skipped) observer.onSkipped(skip, namespace);
  if (injection.skipped.some(({ refuses }) => refuses)) return;
  for (const each of injection.injected) if (each.isNew) observer.onInjected(each, namespace);
}

function notSynced(): AdmissionDecision {
  return failed(503, "Cannot decide yet: the cluster's SidecarSets are still being read");
}

/** `pkg/util/pods.go:IsPodActive`, and mirror Pods. */
function isNeverTouched(pod: Pod): boolean {
  return isMirrorPod(pod) || !isActive(pod);
}

function inNamespace(pod: Pod, namespace: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace } };
}

/** Enough to tell a Pod from something else; its fields are the API server's care. */
function isPod(value: unknown): value is Pod {
  return isObject(value) && isObject(value.metadata) && isObject(value.spec) &&
    Array.isArray(value.spec.containers) && value.spec.containers.every(isObject);
}
