import type { Container } from "../../../lib/api/container.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { UpdateStrategy } from "../../../lib/api/strategies.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import type { RolloutSnapshot } from "../../../lib/core/rollout/contract.ts";
import { classifyPod, countPods, hasTrait, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

export const NOW = new Date("2026-06-01T12:00:00Z");

/** The SidecarSet `mesh` at its second revision: container `agent` with image `agent:2`. */
export function meshAt2(
  updateStrategy: UpdateStrategy = {},
  spec: Partial<SidecarSetSpec> = {},
): PreparedSidecarSet {
  return {
    name: "mesh",
    hash: "hash-2",
    hashWithoutImage: "template",
    revisionName: "mesh-2",
    problems: [],
    sidecarSet: {
      metadata: { name: "mesh", resourceVersion: "77", generation: 2 },
      spec: {
        selector: { matchLabels: { app: "web" } },
        containers: [{ name: "agent", image: "agent:2" }],
        updateStrategy,
        ...spec,
      },
    },
  };
}

/** The same with `agent` as a hot-upgrade pair. */
export function hotMeshAt2(updateStrategy: UpdateStrategy = {}): PreparedSidecarSet {
  return meshAt2(updateStrategy, {
    containers: [{
      name: "agent",
      image: "agent:2",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    }],
  });
}

export interface PodDetails {
  /** Image of the sidecar, the first revision's when absent. */
  image?: string;
  /** Image that the kubelet reports; as in the spec when absent. */
  runs?: string;
  hash?: string;
  template?: string;
  ready?: boolean;
  readySince?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  generation?: number;
}

const INJECTED_MARK = [{ name: "IS_INJECTED", value: "true" }];

/** A running, ready Pod that `mesh` injected at its first revision. */
export function pod(name: string, details: PodDetails = {}): Pod {
  const image = details.image ?? "agent:1";
  const { hash = "hash-1" } = details;
  return podWith([{ name: "agent", image, env: INJECTED_MARK }], {
    ...details,
    name,
    hash,
    runs: new Map([["agent", details.runs ?? image]]),
  });
}

/** A Pod with a hot-upgrade pair; `working` is the half that the annotation names. */
export function hotPod(
  name: string,
  details: Omit<PodDetails, "image" | "runs"> & {
    images: readonly [string, string];
    working: "agent-1" | "agent-2";
  },
): Pod {
  const [first, second] = details.images;
  const containers = [
    { name: "agent-1", image: first, env: INJECTED_MARK },
    { name: "agent-2", image: second, env: INJECTED_MARK },
  ];
  return podWith(containers, {
    ...details,
    name,
    hash: details.hash ?? "hash-1",
    runs: new Map(),
    annotations: {
      [WORKING_HOT_UPGRADE_ANNOTATION]: JSON.stringify({ agent: details.working }),
      ...details.annotations,
    },
  });
}

function podWith(
  sidecars: readonly Container[],
  details: Omit<PodDetails, "runs"> & { name: string; hash: string; runs: Map<string, string> },
): Pod {
  const { name, hash, template = "template", ready = true, labels = {} } = details;
  const containers = [{ name: "main", image: "web:1" }, ...sidecars];
  const entry = (recorded: string) =>
    JSON.stringify({
      mesh: {
        updateTimestamp: "2026-01-01T00:00:00Z",
        hash: recorded,
        sidecarSetName: "mesh",
        sidecarList: ["agent"],
      },
    });
  return {
    metadata: {
      name,
      namespace: "shop",
      uid: `uid-${name}`,
      resourceVersion: "5",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { app: "web", ...labels },
      annotations: {
        [HASH_ANNOTATION]: entry(hash),
        [HASH_WITHOUT_IMAGE_ANNOTATION]: entry(template),
        [INJECTED_LIST_ANNOTATION]: "mesh",
        ...details.annotations,
      },
      ...(details.generation === undefined ? {} : { generation: details.generation }),
    },
    spec: { containers, nodeName: "node" },
    status: {
      phase: "Running",
      conditions: [{
        type: "Ready",
        status: ready ? "True" : "False",
        lastTransitionTime: details.readySince ?? "2026-01-01T00:01:00Z",
      }],
      containerStatuses: containers.map((container) => {
        const image = details.runs.get(container.name) ?? container.image ?? "";
        return { name: container.name, image, imageID: `id of ${image}`, ready };
      }),
    },
  };
}

/** The snapshot that an index would hand over for these Pods. */
export function snapshotOf(
  prepared: PreparedSidecarSet,
  pods: readonly Pod[],
  facts: Partial<RolloutSnapshot> = {},
): RolloutSnapshot {
  const classified = pods.map((pod) => ({
    pod,
    podClass: classifyPod(pod, prepared, { selected: true }),
  }));
  const having = (trait: number, expected = true) =>
    classified
      .filter(({ podClass }) => hasTrait(podClass, PodTrait.Matched))
      .filter(({ podClass }) => hasTrait(podClass, trait) === expected)
      .map(({ pod }) => pod);
  return deepFrozen({
    prepared,
    counts: countPods(classified.map(({ podClass }) => podClass)),
    outdated: having(PodTrait.Updated, false),
    halfUpgraded: having(PodTrait.HalfUpgraded),
    drifted: having(PodTrait.Drifted),
    matched: having(PodTrait.Matched),
    settling: having(PodTrait.Matched),
    classOf: (pod: Pod) => classifyPod(pod, prepared, { selected: true }),
    now: NOW,
    pending: new Set<string>(),
    retryAt: new Map<string, number>(),
    exists: (name: string) => name === "mesh",
    ...facts,
  });
}
