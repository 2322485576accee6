import type { Container, Volume } from "../../../api/container.ts";
import type { Pod } from "../../../api/pod.ts";
import { type Fields, member } from "../fields.ts";

/** Containers and volumes to judge in the surroundings of a Pod. */
export interface Subject {
  readonly pod: Pod;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** One control of the Pod Security Standards that containers or volumes can violate. */
export interface Control {
  /** As the standard calls it. */
  readonly name: string;
  /** First Kubernetes minor version whose policy has the control; all versions when absent. */
  readonly since?: number;
  violatedBy(subject: Subject): boolean;
}

/** A control on each container's `securityContext`. */
export function onSecurityContext(
  name: string,
  violates: (context: Fields, pod: Pod) => boolean,
): Control {
  return {
    name,
    violatedBy: ({ pod, containers }) =>
      containers.some((container) => violates(member(container, "securityContext"), pod)),
  };
}

/** Whether a field is set to something that is not in the list. */
export function outside(allowed: readonly string[], value: unknown): boolean {
  return value !== undefined && value !== null && !allowed.includes(String(value));
}
