import type { Clock } from "../api/clock.ts";
import { preconditionsOf } from "../api/meta.ts";
import type { Pod } from "../api/pod.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import type { PolicyObject } from "../api/admission_policy.ts";
import type { ConfigMap, ControllerRevision, KubeEvent, KubeObject } from "../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../api/names.ts";
import type { SidecarSetStatus } from "../api/sidecarset_status.ts";
import type { WebhookConfiguration } from "../api/webhook_configuration.ts";
import { FIELD_MANAGER } from "../core/field_manager.ts";
import type { RestClient } from "../kube/contract.ts";
import { ConnectionError } from "../kube/errors.ts";
import { create, evict, type KubeRequest, patch, remove, update } from "../kube/requests.ts";
import { policyResource, registrationResource, resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";
import { type Leadership, NotLeaderError } from "./leadership.ts";
import { Limiter } from "./limiter.ts";

interface WriterOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  readonly leadership: Leadership;
  /** Maximum number of writes of Pods under way. */
  readonly maxInFlight: number;
  /** Maximum rate of the writes of Pods, and of all others. */
  readonly perSecond: number;
  /** Delays the next write where the event loop has been busy for long. @default no delay */
  pause?(): Promise<void> | undefined;
}

/** Statuses, revisions and the registration are few compared with Pods. */
const MAX_OTHER_WRITES_IN_FLIGHT = 4;

/** Identifies exactly the state of an object that a write was decided for. */
interface Precondition {
  readonly name: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** All writes of the controllers. Every method rejects with what the API server answers, or with NotLeaderError. */
export class Writer {
  readonly #options: WriterOptions;
  /** There may be thousands of Pods, and their writes may be slow. */
  readonly #podLimiter: Limiter;
  /** All other writes, which must not wait for those of Pods. */
  readonly #limiter: Limiter;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#podLimiter = new Limiter(options);
    this.#limiter = new Limiter({ ...options, maxInFlight: MAX_OTHER_WRITES_IN_FLIGHT });
  }

  /** Replaces the status of exactly the given state of a SidecarSet. */
  writeStatus(
    { name, uid, resourceVersion }: Precondition,
    status: SidecarSetStatus,
    signal: AbortSignal,
  ): Promise<KubeObject> {
    const body = { metadata: { uid, resourceVersion }, status };
    return this.#write(
      patch(resources.sidecarSets, { name, subresource: "status", type: "merge", body }),
      signal,
    );
  }

  createRevision(revision: ControllerRevision, signal: AbortSignal): Promise<ControllerRevision> {
    const { namespace = "" } = revision.metadata;
    return this.#write(
      create(resources.controllerRevisions, { namespace, body: revision }),
      signal,
    );
  }

  /** Changes the number or the custom version of exactly the given state of a revision. */
  changeRevision(
    { metadata: { name = "", namespace = "", uid, resourceVersion } }: ControllerRevision,
    { revision, customVersion }: { revision?: number; customVersion?: string },
    signal: AbortSignal,
  ): Promise<ControllerRevision> {
    const labels = customVersion === undefined ? {} : {
      labels: { [CUSTOM_VERSION_LABEL]: customVersion },
    };
    const body = {
      metadata: { uid, resourceVersion, ...labels },
      ...(revision === undefined ? {} : { revision }),
    };
    return this.#write(
      patch(resources.controllerRevisions, { name, namespace, type: "merge", body }),
      signal,
    );
  }

  /** Deletes exactly the given state of a revision. */
  deleteRevision(revision: ControllerRevision, signal: AbortSignal): Promise<void> {
    const { name = "", namespace = "" } = revision.metadata;
    const preconditions = preconditionsOf(revision);
    return this.#write(
      remove(resources.controllerRevisions, { name, namespace, preconditions }),
      signal,
    );
  }

  createConfigMap(configMap: ConfigMap, signal: AbortSignal): Promise<ConfigMap> {
    const { namespace = "" } = configMap.metadata;
    return this.#write(create(resources.configMaps, { namespace, body: configMap }), signal);
  }

  /** Overwrites the version of a ConfigMap that its metadata names, or whichever there is. */
  updateConfigMap(configMap: ConfigMap, signal: AbortSignal): Promise<ConfigMap> {
    const { name = "", namespace = "" } = configMap.metadata;
    return this.#write(update(resources.configMaps, { name, namespace, body: configMap }), signal);
  }

  /** Deletes exactly the given state of a ConfigMap. */
  deleteConfigMap(configMap: ConfigMap, signal: AbortSignal): Promise<void> {
    const { name = "", namespace = "" } = configMap.metadata;
    const preconditions = preconditionsOf(configMap);
    return this.#write(remove(resources.configMaps, { name, namespace, preconditions }), signal);
  }

  /** Creates a webhook configuration, or overwrites the version that its metadata names. */
  writeRegistration(
    configuration: WebhookConfiguration,
    signal: AbortSignal,
  ): Promise<WebhookConfiguration> {
    const resource = registrationResource(configuration.kind);
    const request = configuration.metadata.resourceVersion === undefined
      ? create(resource, { body: configuration })
      : update(resource, { name: configuration.metadata.name ?? "", body: configuration });
    return this.#write(request, signal);
  }

  /** Deletes a webhook configuration, whatever its state is. */
  deleteRegistration(
    { kind, name }: { kind: WebhookConfiguration["kind"]; name: string },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#write(remove(registrationResource(kind), { name }), signal);
  }

  /** Creates the policy or its binding, or overwrites the version that its metadata names. */
  writePolicy(object: PolicyObject, signal: AbortSignal): Promise<PolicyObject> {
    const resource = policyResource(object.kind);
    const request = object.metadata.resourceVersion === undefined
      ? create(resource, { body: object })
      : update(resource, { name: object.metadata.name ?? "", body: object });
    return this.#write(request, signal);
  }

  /** Creates the policy or its binding, or overwrites whatever is stored. */
  applyPolicy(object: PolicyObject, signal: AbortSignal): Promise<PolicyObject> {
    const { name = "" } = object.metadata;
    const options = { name, fieldManager: FIELD_MANAGER, type: "apply", force: true } as const;
    return this.#write(
      patch(policyResource(object.kind), { ...options, body: object }),
      signal,
    );
  }

  /** Deletes the policy or its binding, whatever its state is. */
  deletePolicy(
    { kind, name }: { kind: PolicyObject["kind"]; name: string },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#write(remove(policyResource(kind), { name }), signal);
  }

  /**
   * Changes a Pod, or the resources of its containers, by a strategic merge patch that names its uid and
   * resourceVersion.
   *
   * @returns the Pod as stored; undefined if the write no longer applies when its turn comes
   */
  async patchPod(
    { metadata: { name = "", namespace = "" } }: ObservedPod,
    body: object,
    { signal, isCurrent, subresource }: {
      signal: AbortSignal;
      isCurrent(): boolean;
      subresource?: "resize";
    },
  ): Promise<Pod | undefined> {
    const request = patch(resources.pods, {
      name,
      namespace,
      ...(subresource ? { subresource } : {}),
      type: "strategic-merge",
      body,
    });
    return (await this.#writeIf(isCurrent, { request, limiter: this.#podLimiter, signal }))
      ?.value;
  }

  /** Changes a Pod's status by a strategic merge patch. */
  patchPodStatus(pod: ObservedPod, body: object, signal: AbortSignal): Promise<Pod> {
    const { name = "", namespace = "" } = pod.metadata;
    return this.#writePod(
      patch(resources.pods, {
        name,
        namespace,
        subresource: "status",
        type: "strategic-merge",
        body,
      }),
      signal,
    );
  }

  /** Evicts exactly this Pod; rejected with 429 while a PodDisruptionBudget does not allow it. */
  evictPod({ metadata }: ObservedPod, signal: AbortSignal): Promise<void> {
    const { name = "", namespace = "", uid } = metadata;
    return this.#writePod(
      evict({ name, namespace, ...(uid === undefined ? {} : { preconditions: { uid } }) }),
      signal,
    );
  }

  createEvent(event: KubeEvent, signal: AbortSignal): Promise<KubeEvent> {
    const { namespace = "" } = event.metadata;
    return this.#write(create(resources.events, { namespace, body: event }), signal);
  }

  /** Changes how often an event has been seen; nothing else of an event can be changed. */
  patchEventSeries(
    { metadata: { name = "", namespace = "" } }: KubeEvent,
    series: NonNullable<KubeEvent["series"]>,
    signal: AbortSignal,
  ): Promise<KubeEvent> {
    return this.#write(
      patch(resources.events, { name, namespace, type: "merge", body: { series } }),
      signal,
    );
  }

  #write<T>(request: KubeRequest<T>, signal: AbortSignal): Promise<T> {
    return this.#writeBy(this.#limiter, request, signal);
  }

  #writePod<T>(request: KubeRequest<T>, signal: AbortSignal): Promise<T> {
    return this.#writeBy(this.#podLimiter, request, signal);
  }

  async #writeBy<T>(limiter: Limiter, request: KubeRequest<T>, signal: AbortSignal): Promise<T> {
    const sent = await this.#writeIf(() => true, { request, limiter, signal });
    if (!sent) throw signal.reason;
    return sent.value;
  }

  /** Sends the request when its turn comes, if it still applies. */
  #writeIf<T>(
    isCurrent: () => boolean,
    { request, limiter, signal }: {
      request: KubeRequest<T>;
      limiter: Limiter;
      signal: AbortSignal;
    },
  ): Promise<{ value: T } | undefined> {
    const { isLeader } = this.#options.leadership;
    const beforeSend = () => {
      if (!isLeader()) throw new NotLeaderError();
    };
    return limiter.run(async () => {
      beforeSend();
      return isCurrent() ? { value: await this.#send(request, { beforeSend, signal }) } : undefined;
    }, signal);
  }

  /** Ends a request, which may be waiting for a connection, before another process may write. */
  async #send<T>(
    request: KubeRequest<T>,
    { beforeSend, signal }: { beforeSend: () => void; signal: AbortSignal },
  ): Promise<T> {
    const { client, leadership: { isLeader, exclusiveFor } } = this.#options;
    const timeoutMs = exclusiveFor();
    try {
      return await send(client, request, { beforeSend, abortSignal: signal, timeoutMs });
    } catch (error) {
      // If the Lease was renewed meanwhile, the write has to be retried.
      if (error instanceof ConnectionError && !isLeader()) throw new NotLeaderError();
      throw error;
    }
  }
}
