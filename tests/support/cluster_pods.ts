import type { ContainerStatus, Pod, PodSpec } from "../../lib/api/pod.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { create, get, list, patch, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { eventually } from "./eventually.ts";

export interface NewPod {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec: PodSpec;
}

/** The Pods of one namespace of a control plane, for tests to make, change and wait for. */
export class ClusterPods {
  readonly #client: RestClient;
  readonly #namespace: string;

  constructor(client: RestClient, namespace = "default") {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** The Pod as stored. */
  create(name: string, { labels = {}, annotations = {}, spec }: NewPod): Promise<Pod> {
    const metadata = { name, labels, annotations };
    const body = { apiVersion: "v1", kind: "Pod", metadata, spec };
    return send(this.#client, create(resources.pods, { namespace: this.#namespace, body }));
  }

  get(name: string): Promise<Pod> {
    return send(this.#client, get(resources.pods, this.#ref(name)));
  }

  async list(labelSelector?: string): Promise<Pod[]> {
    const selection = labelSelector === undefined ? {} : { labelSelector };
    const page = { namespace: this.#namespace, ...selection };
    return (await send(this.#client, list(resources.pods, page))).items;
  }

  /** A strategic merge patch. */
  patch(name: string, body: object, subresource?: "status" | "resize"): Promise<Pod> {
    const options = { ...this.#ref(name), type: "strategic-merge" as const, body };
    return send(
      this.#client,
      patch(resources.pods, subresource ? { ...options, subresource } : options),
    );
  }

  /** Sets annotations; null removes one. */
  annotate(name: string, annotations: Record<string, string | null>): Promise<Pod> {
    return this.patch(name, { metadata: { annotations } });
  }

  async remove(name: string): Promise<void> {
    await send(this.#client, remove(resources.pods, this.#ref(name)));
  }

  /** Waits until the Pod satisfies a condition. `what` is the middle of a sentence: "the Pod runs". */
  until(name: string, { what, is }: { what: string; is: (pod: Pod) => boolean }): Promise<Pod> {
    return eventually(async () => {
      const pod = await this.get(name);
      if (is(pod)) return pod;
      throw new Error(`the status is ${JSON.stringify(pod.status)}`);
    }, { what });
  }

  #ref(name: string) {
    return { name, namespace: this.#namespace };
  }
}

/** Status of a main or init container. */
export function containerStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses].find((each) => each.name === name);
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) =>
    type === "Ready" && status === "True"
  ) ??
    false;
}
