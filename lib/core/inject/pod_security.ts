import type { Pod } from "../../api/pod.ts";
import type { NamespaceFacts } from "../prepared.ts";
import type { Occupied } from "./occupied.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";
import type { Obstacle } from "../reasons.ts";
import { BASELINE, type Control, RESTRICTED, type Subject } from "./pod_security_controls.ts";

export const ENFORCE_LABEL = "pod-security.kubernetes.io/enforce";
export const ENFORCE_VERSION_LABEL = "pod-security.kubernetes.io/enforce-version";

/**
 * Whether the namespace's enforced Pod Security level refuses the Pod because of the sidecars: they violate
 * controls, and the Pod without them violates none of these controls.
 */
export function podSecurityObstacle(
  plan: SidecarSetPlan,
  { pod, namespace, occupied }: { pod: Pod; namespace: NamespaceFacts; occupied: Occupied },
): Obstacle | undefined {
  const violated = violatedControls(plan, { pod, namespace });
  if (violated.length === 0) return undefined;
  const itself: Subject = {
    pod,
    containers: [...(pod.spec.initContainers ?? []), ...pod.spec.containers].filter(({ name }) =>
      !occupied.ours.containers.has(name)
    ),
    volumes: pod.spec.volumes?.filter(({ name }) => !occupied.ours.volumes.has(name)) ?? [],
  };
  if (violated.some((control) => control.violatedBy(itself))) return undefined;
  const names = violated.map((control) => control.name).join(", ");
  const level = namespace.labels[ENFORCE_LABEL] ?? "";
  return {
    reason: "PodSecurityViolation",
    message:
      `namespace ${namespace.name} enforces the Pod Security level ${level}, which the sidecars violate (` +
      `${names}): fix their securityContext, ports and volumes`,
    subject: level,
  };
}

/** The controls that the namespace enforces and the sidecars violate in this Pod. */
export function violatedControls(
  plan: SidecarSetPlan,
  { pod, namespace }: { pod: Pod; namespace: Pick<NamespaceFacts, "labels"> },
): readonly Control[] {
  const level = namespace.labels[ENFORCE_LABEL];
  if (level !== "baseline" && level !== "restricted") return [];
  const sidecars: Subject = {
    pod,
    containers: plan.sidecars.flatMap((sidecar) =>
      sidecar.containers.map((planned) => planned.container)
    ),
    volumes: plan.volumes,
  };
  return controlsOf(level, namespace).filter((control) => control.violatedBy(sidecars));
}

function controlsOf(
  level: "baseline" | "restricted",
  namespace: Pick<NamespaceFacts, "labels">,
): readonly Control[] {
  const controls = level === "baseline" ? BASELINE : [...BASELINE, ...RESTRICTED];
  const minor = /^v1\.(\d+)$/.exec(namespace.labels[ENFORCE_VERSION_LABEL] ?? "")?.[1];
  if (minor === undefined) return controls;
  return controls.filter((control) =>
    control.since === undefined || control.since <= Number(minor)
  );
}
