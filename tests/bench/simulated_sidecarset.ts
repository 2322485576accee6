import type { KubeObject } from "../../lib/api/objects.ts";
import { GROUP, KIND, STORAGE_VERSION } from "../../lib/api/names.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";

/** Fields that differ from those of all simulated SidecarSets. */
export interface SimulatedFields {
  readonly metadata?: object;
  readonly container?: object;
  readonly spec?: object;
}

/** A uid that is the same for the same number. */
export function simulatedUid(prefix: string, index: number): string {
  return `${prefix}-0000-4000-8000-${String(index).padStart(12, "0")}`;
}

/** The SidecarSet of a number, as the simulated API server lists it. */
export function simulatedSidecarSet(
  index: number,
  { metadata = {}, container = {}, spec = {} }: SimulatedFields = {},
) {
  return {
    apiVersion: `${GROUP}/${STORAGE_VERSION}`,
    kind: KIND,
    metadata: {
      name: `sidecarset-${index}`,
      uid: simulatedUid("10000000", index),
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    spec: {
      selector: { matchLabels: { app: `app-${index}` } },
      containers: [{
        name: "agent",
        image: "registry.example/agent:1.0.0",
        resources: { requests: { cpu: "10m" }, limits: { cpu: "100m", memory: "64Mi" } },
        env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        volumeMounts: [{ name: "log", mountPath: "/var/log/app" }],
        ...container,
      }],
      volumes: [{ name: "log", emptyDir: {} }],
      ...spec,
    },
  };
}

/** A small SidecarSet without defaults that selects by its own label, as those of many teams do. */
export function benchSidecarSet(name: string): KubeObject & Pick<SidecarSet, "spec"> {
  return {
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      containers: [{ name: "agent", image: "agent:1" }],
    },
  };
}
