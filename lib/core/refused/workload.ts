import { isObject } from "../../api/json.ts";
import type { ObjectReference, Workload } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { subdomainProblem } from "../select/label_syntax.ts";

/** Kinds of workloads whose controllers report failed Pod creations as events. */
export type RefusableKind = "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job";

const KINDS: Readonly<Record<string, RefusableKind>> = {
  "apps/ReplicaSet": "ReplicaSet",
  "apps/StatefulSet": "StatefulSet",
  "apps/DaemonSet": "DaemonSet",
  "batch/Job": "Job",
};

/** The kind of a built-in workload; undefined for others, such as another group's StatefulSet. */
export function refusableKind(
  { apiVersion = "", kind = "" }: Pick<ObjectReference, "apiVersion" | "kind">,
): RefusableKind | undefined {
  const key = `${apiVersion.split("/")[0]}/${kind}`;
  return Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
}

/** Whether name and namespace of an object reference are valid; events are not validated. */
export function mayExist({ name = "", namespace = "" }: ObjectReference): boolean {
  return [name, namespace].every((each) => subdomainProblem(each) === undefined);
}

/** Number of desired Pods that a workload does not have, by its status. */
export function missingPods(
  { metadata, spec = {}, status = {} }: Workload,
  kind: RefusableKind,
): number {
  if (metadata.deletionTimestamp !== undefined) return 0;
  switch (kind) {
    case "DaemonSet":
      return least(
        numberOf(status.desiredNumberScheduled) - numberOf(status.currentNumberScheduled),
      );
    case "Job":
      return missingOfJob(spec, status);
    default:
      return least(numberOf(spec.replicas, 1) - numberOf(status.replicas));
  }
}

function missingOfJob(
  spec: NonNullable<Workload["spec"]>,
  status: NonNullable<Workload["status"]>,
): number {
  if (spec.suspend === true || hasEnded(status)) return 0;
  const succeeded = numberOf(status.succeeded);
  // Without `completions`, the first success completes the Job.
  const left = spec.completions === undefined
    ? succeeded > 0 ? 0 : Infinity
    : numberOf(spec.completions) - succeeded;
  return least(Math.min(numberOf(spec.parallelism, 1), left) - numberOf(status.active));
}

function hasEnded({ conditions }: NonNullable<Workload["status"]>): boolean {
  return Array.isArray(conditions) &&
    conditions.some((condition: unknown) =>
      isObject(condition) && condition.status === "True" &&
      (condition.type === "Complete" || condition.type === "Failed")
    );
}

/** The Pod that the workload's controller creates; undefined if the template is not readable. */
export function podOfWorkload(
  { metadata, spec }: Workload,
  owner: ObjectReference,
): Pod | undefined {
  const { namespace = "default", name = "", uid = "" } = metadata;
  const { apiVersion = "", kind = "" } = owner;
  const pod: unknown = { ...spec?.template };
  if (!isTemplate(pod)) return undefined;
  const ownerReferences = [{ apiVersion, kind, name, uid, controller: true }];
  return {
    ...pod,
    metadata: { ...pod.metadata, generateName: `${name}-`, namespace, ownerReferences },
  };
}

function isTemplate(value: unknown): value is Pod {
  return isObject(value) && isObject(value.spec) && Array.isArray(value.spec.containers) &&
    value.spec.containers.every(isObject);
}

function numberOf(value: unknown, absent = 0): number {
  return typeof value === "number" ? value : absent;
}

function least(difference: number): number {
  return Math.max(0, difference);
}
