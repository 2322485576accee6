import type { Pod } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import type { SidecarSetStatus } from "../../lib/api/sidecarset_status.ts";
import { inject } from "../../lib/core/inject/inject.ts";
import { injectedPod } from "../../lib/core/json/patch.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";

export interface SidecarSetOptions {
  name?: string;
  resourceVersion?: string;
  generation?: number;
  annotations?: Record<string, string>;
  status?: SidecarSetStatus;
  spec?: SidecarSetSpec;
}

/** A SidecarSet with one container `agent` for Pods labelled `app=web`, by default. */
export function sidecarSetOf(options: SidecarSetOptions = {}): PreparedSidecarSet {
  const { name = "web", resourceVersion = "1", generation = 1, annotations, status } = options;
  const read = prepareSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name, uid: `uid-of-${name}`, resourceVersion, generation, annotations },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:1" }],
      ...options.spec,
    },
    status,
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

export interface PodOptions {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  creationTimestamp?: string;
  resourceVersion?: string;
  uid?: string;
  /** SidecarSets to inject. */
  injected?: readonly PreparedSidecarSet[];
  /** Not running, or running but not ready, or ready. */
  state?: "Pending" | "Running" | "Ready" | "Succeeded";
}

/** A Pod with one container `main`, labelled `app=web`, ready by default. */
export function podOf(options: PodOptions = {}): Pod {
  const {
    name = "pod",
    namespace = "default",
    labels = { app: "web" },
    creationTimestamp = "2026-01-01T00:00:00Z",
    resourceVersion = "1",
    uid = `uid-of-${name}`,
    injected = [],
    state = "Ready",
  } = options;
  const bare: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp, labels },
    spec: { containers: [{ name: "main", image: "main:1" }] },
  };
  const { patch } = inject({
    pod: bare,
    namespace: { name: namespace, labels: {} },
    selecting: injected,
    match: () => injected,
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    now: new Date(creationTimestamp),
  });
  return withState(injectedPod(bare, patch), state);
}

function withState(pod: Pod, state: NonNullable<PodOptions["state"]>): Pod {
  if (state === "Pending") return { ...pod, status: { phase: "Pending" } };
  const ready = state === "Ready";
  return {
    ...pod,
    status: {
      phase: state === "Succeeded" ? "Succeeded" : "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: pod.spec.containers.map(({ name, image = "" }) => ({
        name,
        image,
        imageID: `id-of-${image}`,
        ready,
      })),
    },
  };
}
