import type { Container } from "../../../lib/api/container.ts";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { UpdateStrategy } from "../../../lib/api/strategies.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { compareRevisions } from "../../../lib/core/revision/comparisons.ts";
import { newControllerRevision } from "../../../lib/core/revision/controller_revision.ts";
import { revisionData } from "../../../lib/core/revision/data.ts";
import type { PodUpdate } from "../../../lib/core/rollout/pod_update.ts";
import { wholePod } from "../../support/whole_pod.ts";
import { resizedSpec } from "../../../lib/core/status/resize_refusal.ts";
import { applyPodUpdate, settle, withCondition } from "../../compat/rollout/cluster.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

type Resources = NonNullable<Container["resources"]>;

export const SMALL: Resources = { requests: { cpu: "100m", memory: "64Mi" } };
export const LARGE: Resources = {
  requests: { cpu: "200m", memory: "128Mi" },
  limits: { cpu: "1", memory: "128Mi" },
};

/** The stored revision of a spec. */
export function revisionOf(prepared: PreparedSidecarSet, revision = 1): ControllerRevision {
  const data = revisionData(prepared.sidecarSet.spec);
  return newControllerRevision({
    ...{ prepared, data, revision },
    collisionCount: 0,
    namespace: "sidecarset-system",
  });
}

/** A SidecarSet with one sidecar `agent` whose earlier specs are stored as revisions. */
export function setWith(
  agent: Partial<Container>,
  { strategy = {}, before = [], generation = 1 }: {
    strategy?: UpdateStrategy;
    before?: readonly PreparedSidecarSet[];
    generation?: number;
  } = {},
): PreparedSidecarSet {
  const prepared = sidecarSetOf({
    generation,
    resourceVersion: String(generation),
    spec: {
      containers: [{ name: "agent", image: "agent:1", ...agent }],
      updateStrategy: { resizePolicy: "InPlace", ...strategy },
    },
  });
  const revisions = [...before, prepared].map((each, i) => revisionOf(each, i + 1));
  return { ...prepared, revisions: compareRevisions(prepared.sidecarSet, revisions) };
}

/** A ready Pod with these sidecars, on a node that supports a resize. */
export function podWith(prepared: PreparedSidecarSet, name = "pod"): Pod {
  return settled({ ...podOf({ name, injected: [prepared] }) });
}

/** What a kubelet makes of the Pod: containers have the resources of the spec. */
export function settled(pod: Pod): Pod {
  const { status = {}, ...found } = settle(pod);
  const containerStatuses = (status.containerStatuses ?? []).map((each) => ({
    ...each,
    state: { running: {} },
    resources: found.spec.containers.find(({ name }) => name === each.name)?.resources ?? {},
  }));
  const conditions = status.conditions?.filter(({ type }) => !type.startsWith("PodResize"));
  return {
    ...found,
    status: { ...status, containerStatuses, ...(conditions ? { conditions } : {}) },
  };
}

/** The Pod after the first of an update's two patches. */
export function afterResize(pod: Pod, { resize }: Pick<PodUpdate, "resize">): Pod {
  const given = [...resize?.spec.containers ?? [], ...resize?.spec.initContainers ?? []];
  const resizes = new Map(given.map(({ name, resources }) => [name, resources]));
  const generation = (pod.metadata.generation ?? 0) + Number(resizes.size > 0);
  return wholePod({
    ...pod,
    metadata: { ...pod.metadata, generation },
    spec: resizedSpec(pod.spec, resizes),
  });
}

/** The Pod after all patches of an update. */
export function afterUpdate(pod: Pod, update: PodUpdate): Pod {
  return applyPodUpdate(afterResize(pod, update), update);
}

/** The kubelet's report about a resize that it cannot apply now. */
export function withPendingResize(pod: Pod, reason: "Deferred" | "Infeasible"): Pod {
  const { generation = 0 } = pod.metadata;
  return withCondition(pod, {
    type: "PodResizePending",
    status: "True",
    reason,
    message: "no capacity",
    observedGeneration: generation,
  });
}
