import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../lib/api/json.ts";
import type { ContainerStatus, Pod } from "../../lib/api/pod.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { list, watch } from "../../lib/kube/requests.ts";
import { readObject, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { containerStatus, isReady } from "./cluster_pods.ts";

/** What the kubelet said of a container. */
export interface ContainerRun {
  /** `containerd://…`; undefined before there is one. */
  readonly id: string | undefined;
  readonly ready: boolean;
  readonly restarts: number | undefined;
}

/** Everything that happened to some Pods, in the API server's order. */
export class PodHistory implements AsyncDisposable {
  /** The most Pods that were unavailable at any moment. */
  mostUnavailable = 0;
  /** The fewest Pods that were ready at any moment. */
  leastReady = 0;
  /** By Pod and container, the images that its spec had, one after the other. */
  readonly images = new Map<string, string[]>();
  /** The Pods and containers whose images changed, in their order. */
  readonly changed: string[] = [];
  /** By Pod and container, what the kubelet said of it, one after the other. */
  readonly runs = new Map<string, ContainerRun[]>();
  readonly #pods = new Map<string, Pod>();
  readonly #unavailable = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #stop = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  /** Begins with the Pods that match the label selector now. */
  static async start(client: RestClient, labelSelector: string): Promise<PodHistory> {
    const history = new PodHistory();
    const page = await send(client, list(resources.pods, { namespace: "default", labelSelector }));
    for (const pod of page.items) history.#see(pod);
    history.mostUnavailable = 0;
    history.leastReady = history.#ready.size;
    const stream = await client.performRequest({
      ...watch(resources.pods, {
        namespace: "default",
        labelSelector,
        ...(page.metadata.resourceVersion
          ? { resourceVersion: page.metadata.resourceVersion }
          : {}),
      }),
      abortSignal: history.#stop.signal,
    });
    history.#watching = history.#follow(stream);
    return history;
  }

  /** The Pods as they were seen last. */
  get pods(): Pod[] {
    return [...this.#pods.values()];
  }

  /** Forgets how many were unavailable so far. */
  resetUnavailable(): void {
    this.mostUnavailable = this.#unavailable.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #follow(stream: ReadableStream<unknown>): Promise<void> {
    try {
      for await (const event of stream) {
        if (!isObject(event)) continue;
        const pod = readObject<Pod>(event.object);
        if (event.type === "DELETED") this.#forget(pod);
        else this.#see(pod);
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }

  #see(pod: Pod): void {
    const { name = "" } = pod.metadata;
    this.#pods.set(name, pod);
    for (const { name: container, image = "" } of runningContainers(pod)) {
      const key = `${name}/${container}`;
      const images = this.images.get(key) ?? [];
      if (images.length > 0 && images.at(-1) !== image) this.changed.push(key);
      if (images.at(-1) !== image) images.push(image);
      this.images.set(key, images);
      const runs = this.runs.get(key) ?? [];
      const run = runOf(pod, container);
      if (run && !isDeepStrictEqual(runs.at(-1), run)) runs.push(run);
      this.runs.set(key, runs);
    }
    if (isAvailable(pod)) this.#unavailable.delete(name);
    else this.#unavailable.add(name);
    this.mostUnavailable = Math.max(this.mostUnavailable, this.#unavailable.size);
    if (isReady(pod) && pod.metadata.deletionTimestamp === undefined) this.#ready.add(name);
    else this.#ready.delete(name);
    this.leastReady = Math.min(this.leastReady, this.#ready.size);
  }

  #forget({ metadata: { name = "" } }: Pod): void {
    this.#pods.delete(name);
    this.#unavailable.delete(name);
    this.#ready.delete(name);
    this.leastReady = Math.min(this.leastReady, this.#ready.size);
  }
}

/** Whether a Pod is ready and the kubelet runs what its spec says. */
export function isAvailable(pod: Pod): boolean {
  return isReady(pod) && pod.metadata.deletionTimestamp === undefined &&
    runningContainers(pod).every(({ name, image }) => containerStatus(pod, name)?.image === image);
}

/** How a container is run; undefined if the kubelet says nothing of it. */
export function runOf(pod: Pod, container: string): ContainerRun | undefined {
  const status: (ContainerStatus & { containerID?: string }) | undefined = containerStatus(
    pod,
    container,
  );
  return status &&
    { id: status.containerID, ready: status.ready, restarts: status.restartCount };
}

function runningContainers({ spec }: Pod): Pod["spec"]["containers"] {
  const native = spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === "Always");
  return [...spec.containers, ...native ?? []];
}
