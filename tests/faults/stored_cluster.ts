import type { ControllerRevision } from "../../lib/api/objects.ts";
import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/api/json.ts";
import type { ContainerStatus, Pod, PodCondition } from "../../lib/api/pod.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import type { ApiStatus, JSONValue, RequestOptions, RestClient } from "../../lib/kube/contract.ts";
import { resizedSpec } from "../../lib/core/status/resize_refusal.ts";
import { wholePod } from "../support/whole_pod.ts";
import { ApiError, ConnectionError } from "../../lib/kube/errors.ts";
import { applyStrategicImages } from "../support/applied_images.ts";

/** What is to become of a write: it is done, refused with an HTTP status, or its answer is lost. */
export type Fault =
  | { httpCode: number; status?: ApiStatus }
  | { lost: "before" | "after" }
  | undefined;

export interface StoredClusterOptions {
  /** What happens to a write. @default all are done */
  fault?(options: RequestOptions): Fault;
  /** Whether a container becomes ready after it has got an image. @default all do */
  doesStart?(pod: string, image: string): boolean;
}

/**
 * Pods that are stored as an API server stores them, with a kubelet that starts what their specs say. No Kubernetes
 * in addition.
 */
export class StoredCluster implements RestClient {
  readonly pods = new Map<string, Pod>();
  readonly revisions = new Map<string, ControllerRevision>();
  sidecarSet: SidecarSet;
  /** By Pod and container, all images that it has had. */
  readonly images = new Map<string, string[]>();
  podPatches = 0;
  /** By Pod, how often its resources were changed. */
  readonly resizes = new Map<string, number>();
  /** Requests that write, those that failed included. */
  writes = 0;
  mostUnavailable = 0;
  /** Pods that have changed since they were last asked for. */
  changed = new Set<string>();
  readonly #fault: (options: RequestOptions) => Fault;
  readonly #doesStart: (pod: string, image: string) => boolean;
  readonly #unavailable = new Set<string>();
  /** Pods that have changed since the kubelet's last step: it has nothing to do for others. */
  #toStep = new Set<string>();
  #version = 1_000;

  constructor(prepared: PreparedSidecarSet, options: StoredClusterOptions = {}) {
    this.sidecarSet = prepared.sidecarSet;
    this.#fault = options.fault ?? (() => undefined);
    this.#doesStart = options.doesStart ?? (() => true);
  }

  /** Pods of which a container does not run the image of the spec, or is not ready. */
  get unavailable(): ReadonlySet<string> {
    return this.#unavailable;
  }

  /** Stores an object as a user does, and gives it its resourceVersion. */
  put(pod: Pod): void {
    this.#store({ ...pod, metadata: { ...pod.metadata, generation: 1 } });
  }

  /** The kubelet does one step for each Pod: a container with a new image goes down, or comes up again. */
  stepKubelet(): void {
    const changed = this.#toStep;
    this.#toStep = new Set();
    for (const key of changed) {
      const pod = this.pods.get(key);
      if (!pod) continue;
      const statuses = pod.status?.containerStatuses ?? [];
      const next = pod.spec.containers.map((container): ContainerStatus => {
        const { name, image = "" } = container;
        const before = statuses.find((status) => status.name === name);
        const { resources = {} } = container;
        if (before?.image === image) {
          return { ...before, resources, ready: this.#doesStart(key, image) };
        }
        return { name, image, imageID: `id-of-${image}`, ready: false, resources };
      });
      if (JSON.stringify(next) === JSON.stringify(statuses)) continue;
      const isReady = next.every(({ ready }) => ready);
      const others = pod.status?.conditions?.filter(({ type }) => type !== "Ready") ?? [];
      const ready: PodCondition = { type: "Ready", status: isReady ? "True" : "False" };
      this.#store({
        ...pod,
        status: { ...pod.status, containerStatuses: next, conditions: [...others, ready] },
      });
    }
  }

  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    await Promise.resolve();
    const { method, path } = options;
    const fault = method === "GET" ? undefined : this.#fault(options);
    if (method !== "GET") this.writes++;
    if (fault && "httpCode" in fault) throw new ApiError({ method, path, ...fault });
    if (fault?.lost === "before") throw new ConnectionError({ method, path, problem: "no answer" });
    const answer = this.#perform(options);
    if (fault) throw new ConnectionError({ method, path, problem: "no answer" });
    return answer;
  }

  #perform({ method, path, bodyJson }: RequestOptions): object {
    const body: object = isObject(bodyJson) ? bodyJson : {};
    if (path === "/api/v1") return { resources: [{ name: "pods/resize" }] };
    const pod = /\/pods\/([^/]+)(\/status|\/resize)?$/.exec(path);
    if (pod) {
      const [, name = "", subresource] = pod;
      const stored = this.pods.get(name);
      if (!stored) throw new ApiError({ method, path, httpCode: 404 });
      if (method === "GET") return stored;
      requireState(stored, { method, path, body });
      if (subresource === "/resize") {
        this.resizes.set(name, (this.resizes.get(name) ?? 0) + 1);
        return this.#store(withResources(stored, body));
      }
      if (subresource) return this.#store(withConditions(stored, body));
      this.podPatches++;
      return this.#store(applyStrategicImages(stored, body));
    }
    if (path.endsWith("/status")) {
      requireState(this.sidecarSet, { method, path, body });
      this.sidecarSet = {
        ...this.sidecarSet,
        metadata: { ...this.sidecarSet.metadata, resourceVersion: this.nextVersion() },
        status: Reflect.get(body, "status"),
      };
      return this.sidecarSet;
    }
    const metadata = Reflect.get(body, "metadata");
    const stored = {
      ...body,
      metadata: { ...(isObject(metadata) ? metadata : {}), resourceVersion: this.nextVersion() },
    };
    if (method === "POST" && path.endsWith("/controllerrevisions")) {
      const revision: ControllerRevision = JSON.parse(JSON.stringify(stored));
      this.revisions.set(revision.metadata.name ?? "", revision);
    }
    return stored;
  }

  nextVersion(): string {
    return String(++this.#version);
  }

  #store(pod: Pod): Pod {
    const { name = "", generation = 0 } = pod.metadata;
    const resources = (each: Pod | undefined) => each?.spec.containers.map((one) => one.resources);
    let isNewSpec = !isDeepStrictEqual(resources(this.pods.get(name)), resources(pod));
    for (const { name: container, image = "" } of pod.spec.containers) {
      const images = this.images.get(`${name}/${container}`) ?? [];
      if (images.at(-1) === image) continue;
      isNewSpec ||= images.length > 0;
      this.images.set(`${name}/${container}`, [...images, image]);
    }
    const metadata = {
      ...pod.metadata,
      resourceVersion: this.nextVersion(),
      generation: generation + Number(isNewSpec),
    };
    const stored = { ...pod, metadata };
    this.pods.set(name, stored);
    this.changed.add(name);
    this.#toStep.add(name);
    if (isAvailable(stored)) this.#unavailable.delete(name);
    else this.#unavailable.add(name);
    this.mostUnavailable = Math.max(this.mostUnavailable, this.#unavailable.size);
    return stored;
  }
}

function isAvailable({ spec, status }: Pod): boolean {
  return spec.containers.every(({ name, image, resources = {} }) =>
    status?.containerStatuses?.some((one) =>
      one.name === name && one.image === image && one.ready &&
      (one.resources === undefined || isDeepStrictEqual(one.resources, resources))
    )
  );
}

/** @throws {ApiError} 409 where the body names another state of the object */
function requireState(
  { metadata }: Pick<Pod, "metadata">,
  { method, path, body }: { method: RequestOptions["method"]; path: string; body: object },
): void {
  const named = Reflect.get(body, "metadata");
  const isSame = isObject(named) && named.uid === metadata.uid &&
    named.resourceVersion === metadata.resourceVersion;
  if (!isSame) throw new ApiError({ method, path, httpCode: 409 });
}

/** As a patch of `pods/resize`, which changes nothing but resources. */
function withResources(pod: Pod, body: object): Pod {
  const spec: unknown = Reflect.get(body, "spec");
  const given = isObject(spec) && Array.isArray(spec.containers) ? spec.containers : [];
  const resizes = new Map(given.map(({ name, resources }) => [String(name), resources]));
  return wholePod({ ...pod, spec: resizedSpec(pod.spec, resizes) });
}

function withConditions(pod: Pod, body: object): Pod {
  const status = Reflect.get(body, "status");
  const patched: PodCondition[] = isObject(status) && Array.isArray(status.conditions)
    ? status.conditions
    : [];
  const types = new Set(patched.map(({ type }) => type));
  const kept = pod.status?.conditions?.filter(({ type }) => !types.has(type)) ?? [];
  return { ...pod, status: { ...pod.status, conditions: [...kept, ...patched] } };
}
