import { isObject } from "../../lib/api/json.ts";
import type { Container } from "../../lib/api/container.ts";
import type { Pod } from "../../lib/api/pod.ts";

/** The Pod after a strategic merge patch of annotations and of images by container name. */
export function applyStrategicImages(pod: Pod, patch: object): Pod {
  const metadata = memberOf(patch, "metadata");
  const spec = memberOf(patch, "spec");
  const annotations = { ...pod.metadata.annotations };
  for (const [key, value] of Object.entries(memberOf(metadata, "annotations"))) {
    if (typeof value === "string") annotations[key] = value;
    else delete annotations[key];
  }
  const { initContainers } = pod.spec;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: {
      ...pod.spec,
      containers: withImages(pod.spec.containers, spec.containers),
      ...(initContainers
        ? { initContainers: withImages(initContainers, spec.initContainers) }
        : {}),
    },
  };
}

function memberOf(object: object, key: string): Record<string, unknown> {
  const value: unknown = Reflect.get(object, key);
  return isObject(value) ? value : {};
}

function withImages(containers: readonly Container[], changes: unknown): Container[] {
  const changed = Array.isArray(changes) ? changes.filter(isObject) : [];
  return containers.map((container) => {
    const image = changed.find(({ name }) => name === container.name)?.image;
    return typeof image === "string" ? { ...container, image } : container;
  });
}
