import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import { isObject } from "../api/json.ts";
import type { Labels } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import type { Injected, Injection, InjectRequest, Skip } from "../core/inject/contract.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { ALLOWED, failed, type Review } from "./decisions.ts";
import { podDecision } from "./pod_decision.ts";

export interface PodReviewOptions {
  /** Whether the index holds all SidecarSets, namespaces and revisions of the cluster. */
  isSynced(): boolean;
  /** Namespaces whose Pods are never touched, the controller's own among them. */
  readonly excludedNamespaces: ReadonlySet<string>;
  /** The SidecarSets that select a Pod with these labels in this namespace. */
  match(labels: Labels, namespace: NamespaceFacts): readonly PreparedSidecarSet[];
  /** A namespace that the index knows. */
  namespace(name: string): NamespaceFacts | undefined;
  /** Reads a namespace from the API server; undefined where it does not exist. May throw. */
  readNamespace(name: string, signal: AbortSignal): Promise<NamespaceFacts | undefined>;
  /** How long that may take. @default 1000 */
  readonly namespaceDeadlineMs?: number;
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

/** On the API server's copy of a Pod that a kubelet runs from a file: nothing that is changed in it has an effect. */
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/**
 * The review function for Pods (`pkg/webhook/pod/mutating/sidecarset.go:sidecarsetMutatingPod`): injects what selects the Pod when it is
 * created. What cannot be known for certain, because nothing is synced or the namespace cannot be read, is answered 503.
 */
export function createPodReview(options: PodReviewOptions): Review {
  function reviewPod(request: AdmissionRequest): AdmissionDecision | Promise<AdmissionDecision> {
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
    // No await for a known namespace: what the index holds and what is answered belong to the same moment.
    return namespace ? decide(pod, namespace, request) : decideUnknown(pod, name, request);
  }

  async function decideUnknown(
    pod: Pod,
    name: string,
    request: AdmissionRequest,
  ): Promise<AdmissionDecision> {
    const read = await readInTime(name, options);
    // The index may have learnt of the namespace meanwhile, or have lost its watches.
    if (!options.isSynced()) return notSynced();
    const namespace = options.namespace(name) ?? read.namespace;
    if (namespace) return decide(pod, namespace, request);
    return failed(503, `Cannot read namespace ${name}: ${read.problem}`);
  }

  function decide(
    pod: Pod,
    namespace: NamespaceFacts,
    request: AdmissionRequest,
  ): AdmissionDecision {
    const selecting = options.match(pod.metadata.labels ?? {}, namespace);
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

async function readInTime(
  name: string,
  options: PodReviewOptions,
): Promise<{ namespace?: NamespaceFacts | undefined; problem: string }> {
  const deadlineMs = options.namespaceDeadlineMs ?? 1000;
  const deadline = new AbortController();
  const timer = setTimeout(
    () => deadline.abort(new Error(`no answer within ${deadlineMs} ms`)),
    deadlineMs,
  );
  try {
    const namespace = await options.readNamespace(name, deadline.signal);
    return { namespace, problem: "it does not exist" };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function notSynced(): AdmissionDecision {
  return failed(503, "Cannot decide yet: the cluster's SidecarSets are still being read");
}

/** `pkg/util/pods.go:IsPodActive`, and mirror Pods. */
function isNeverTouched({ metadata, status }: Pod): boolean {
  return metadata.annotations?.[MIRROR_ANNOTATION] !== undefined ||
    typeof metadata.deletionTimestamp === "string" ||
    status?.phase === "Succeeded" || status?.phase === "Failed";
}

function inNamespace(pod: Pod, namespace: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, namespace } };
}

/** Enough to tell a Pod from something else; its fields are the API server's care. */
function isPod(value: unknown): value is Pod {
  return isObject(value) && isObject(value.metadata) && isObject(value.spec) &&
    Array.isArray(value.spec.containers) && value.spec.containers.every(isObject);
}
