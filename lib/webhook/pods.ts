import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { isObject } from "../api/json.ts";
import type { Labels } from "../api/meta.ts";
import { isMirrorPod, type Pod } from "../api/pod.ts";
import type { Injected, Injection, InjectRequest, Skip } from "../core/inject/contract.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { type SelectionOrigin, selectsAllPods } from "../core/registration/pending.ts";
import { readOrigins } from "../core/registration/pending_entries.ts";
import { selectsPod } from "../core/select/pod_selection.ts";
import { isActive } from "../core/status/readiness.ts";
import { ALLOWED, failed, type Review } from "./decisions.ts";
import { podDecision } from "./pod_decision.ts";
import { type PodReader, readUnknown } from "./pod_reads.ts";

/** What the review of a Pod reads: no call of these waits, except for unknown namespaces. */
export interface PodReviewOptions extends PodReader {
  /** Whether the index has all SidecarSets, namespaces and revisions of the cluster. */
  isSynced(): boolean;
  /** Namespaces whose Pods are never injected, including the controller's own. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** The SidecarSets that select a Pod with these labels in this namespace. */
  match(labels: Labels, namespace: NamespaceFacts): readonly PreparedSidecarSet[];
  /** A SidecarSet of the index. */
  sidecarSet(name: string): PreparedSidecarSet | undefined;
  /** Waits a limited time for SidecarSets that the API server has stored and the index lacks. Never rejects. */
  untilCurrent(): Promise<void>;
  readonly revisionsOf: InjectRequest["revisionsOf"];
  readonly sharesOf: InjectRequest["sharesOf"];
  inject(request: InjectRequest): Injection;
  now(): Date;
  /** Whether `failurePolicy: Fail` denies Pods. @default true */
  readonly refusesPods?: boolean;
  /** Called for each Pod to be created, not for dry runs. */
  readonly observer?: PodReviewObserver;
}

/** Counts the results of Pod reviews. */
export interface PodReviewObserver {
  /** Once per Pod and injected SidecarSet, regardless of repeated reviews. */
  onInjected(injected: Injected, namespace: string): void;
  /** Once per review: a Pod to be created has no identity, and each of its reviews another uid. */
  onSkipped(skip: Skip, namespace: string): void;
}

/** Bounds the reads that one request causes. */
const MAX_UNSEEN = 20;

/**
 * The review function for Pods (`pkg/webhook/pod/mutating/sidecarset.go:sidecarsetMutatingPod`): injects the
 * SidecarSets that select a Pod on its creation. If the index is not synced or a read fails, the response is 503. A
 * path with details names SidecarSets for which the review was registered; those that the index has not received yet
 * are read from the API server. If it names all, the review waits until the index has received them.
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
    if (isExempt(pod) || options.excludedNamespaces.has(name)) return ALLOWED;
    const origins = detail === "" ? [] : readOrigins(detail);
    if (!origins.some(selectsAllPods)) return reviewKnown(pod, { name, request, origins });
    const named = origins.filter((origin) => !selectsAllPods(origin));
    return options.untilCurrent().then(() => reviewKnown(pod, { name, request, origins: named }));
  }

  function reviewKnown(
    pod: Pod,
    { name, request, origins }: {
      name: string;
      request: AdmissionRequest;
      origins: readonly SelectionOrigin[];
    },
  ): AdmissionDecision | Promise<AdmissionDecision> {
    if (!options.isSynced()) return notSynced();
    const namespace = options.namespace(name);
    const unseen = origins.filter(isUnseen);
    // No await if everything is known: the index must not change between the decision's reads.
    return namespace && unseen.length === 0
      ? decide(pod, { namespace, request, read: [] })
      : decideUnknown(pod, { name, request, unseen });
  }

  /** Whether the index lacks this generation of a SidecarSet and later ones. */
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
    // Meanwhile the index may have received them, or lost its watches.
    if (!options.isSynced()) return notSynced();
    const missing = unseen.filter(isUnseen).map((each) => each.name);
    const namespace = options.namespace(name) ?? reads.namespace;
    if (namespace && (reads.ok || missing.length === 0)) {
      const read = reads.sidecarSets.filter((each) => missing.includes(each.name));
      return decide(pod, { namespace, request, read });
    }
    return failed(503, reads.problem ?? `Cannot read namespace ${name}: it does not exist`);
  }

  function decide(
    pod: Pod,
    { namespace, request, read }: {
      namespace: NamespaceFacts;
      request: AdmissionRequest;
      /** SidecarSets that the index lacks or has in an older generation. */
      read: readonly PreparedSidecarSet[];
    },
  ): AdmissionDecision {
    const match = (labels: Labels) => {
      const matched = options.match(labels, namespace);
      return read.length === 0 ? matched : [
        ...matched.filter(({ name }) => read.every((each) => each.name !== name)),
        ...read.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace })),
      ];
    };
    const selecting = match(pod.metadata.labels ?? {});
    if (selecting.length === 0) return ALLOWED;
    const found = options.inject({
      pod: pod.metadata.namespace ? pod : inNamespace(pod, namespace.name),
      namespace,
      selecting,
      match,
      revisionsOf: options.revisionsOf,
      sharesOf: options.sharesOf,
      now: options.now(),
    });
    const injection = options.refusesPods === false ? withoutDenials(found) : found;
    if (request.dryRun !== true) report(options.observer, injection, namespace.name);
    return podDecision(injection);
  }

  return reviewPod;
}

/** Admits the Pod without the SidecarSets that would deny it. */
function withoutDenials(injection: Injection): Injection {
  const skipped = injection.skipped.map((skip) =>
    skip.refuses ? { ...skip, refuses: false } : skip
  );
  return { ...injection, skipped };
}

function report(
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

/** Mirror Pods, and inactive Pods (`pkg/util/pods.go:IsPodActive`). */
function isExempt(pod: Pod): boolean {
  return isMirrorPod(pod) || !isActive(pod);
}

function inNamespace(pod: Pod, namespace: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace } };
}

/** Whether a value has the parts of a Pod that injection reads. The API server validates its fields. */
export function isPod(value: unknown): value is Pod {
  return isObject(value) && isObject(value.metadata) && isObject(value.spec) &&
    Array.isArray(value.spec.containers) && value.spec.containers.every(isObject);
}
