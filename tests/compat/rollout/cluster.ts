import type { Container } from "../../../lib/api/container.ts";
import type { ContainerStatus, Pod, PodCondition } from "../../../lib/api/pod.ts";
import type { PodUpdate } from "../../../lib/core/rollout/pod_update.ts";

/** What the API server stores for an update: a strategic merge by container name. */
export function applyPodUpdate(pod: Pod, { patch }: Pick<PodUpdate, "patch">): Pod {
  const { metadata, spec } = patch;
  const annotations = { ...pod.metadata.annotations };
  for (const [key, value] of Object.entries(metadata.annotations)) {
    if (value === null) delete annotations[key];
    else annotations[key] = value;
  }
  const merged = (
    containers: Container[],
    images: readonly { name: string; image: string }[] = [],
  ) =>
    containers.map((container) => ({
      ...container,
      ...images.find(({ name }) => name === container.name),
    }));
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: {
      ...pod.spec,
      containers: merged(containers, spec?.containers),
      ...(initContainers === undefined
        ? {}
        : { initContainers: merged(initContainers, spec?.initContainers) }),
    },
  };
}

/** The Pod with one condition set; the same Pod where there is none to set. */
export function withCondition(pod: Pod, condition: PodCondition | undefined): Pod {
  if (condition === undefined) return pod;
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
}

/**
 * What a kubelet makes of the Pod in time: every container runs its image and is ready, unless the image is a bad
 * one.
 */
export function settle(pod: Pod): Pod {
  const images = new Map(pod.spec.containers.map(({ name, image = "" }) => [name, image]));
  const containerStatuses = (pod.status?.containerStatuses ?? []).map((status): ContainerStatus => {
    const image = images.get(status.name) ?? status.image;
    const ready = !image.includes("bad");
    return image === status.image
      ? { ...status, ready }
      : { ...status, image, imageID: `id of ${image}`, ready };
  });
  const status = containerStatuses.every(({ ready }) => ready) ? "True" : "False";
  const conditions = (pod.status?.conditions ?? []).map((condition) =>
    condition.type === "Ready" ? { ...condition, status } : condition
  );
  return { ...pod, status: { ...pod.status, containerStatuses, conditions } };
}
