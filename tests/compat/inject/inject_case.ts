import { isObject } from "../../../lib/api/json.ts";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";

/** What a Pod comes to: injected (or left as it was), refused, or not touched at all. */
export type Result =
  | { readonly pod: Pod }
  | { readonly error: true }
  | { readonly skipped: true };

/** A Pod that is created among SidecarSets, with OpenKruise's result. */
export interface InjectCase {
  readonly pod: Pod;
  readonly sidecarSets: readonly SidecarSet[];
  readonly revisions?: readonly ControllerRevision[];
  readonly namespaceLabels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly operation?: "CREATE" | "UPDATE";
  readonly subResource?: string;
  readonly featureGates?: Readonly<Record<string, boolean>>;
  readonly result: Result | { readonly anyOf: readonly Result[] };
}

/** Cases come from files whose format is fixed; this distinguishes one from a case of another group. */
export function isInjectCase(value: unknown): value is InjectCase {
  return isObject(value) && isObject(value.pod) && isObject(value.pod.spec) &&
    Array.isArray(value.sidecarSets) && value.sidecarSets.every(isObject) &&
    isObject(value.result);
}

/** Every sidecar of a SidecarSet with the list it stands in. */
export function sidecarsOf({ spec }: SidecarSet) {
  return [
    ...(spec.initContainers ?? []).map((sidecar) => ({ list: "initContainers" as const, sidecar })),
    ...(spec.containers ?? []).map((sidecar) => ({ list: "containers" as const, sidecar })),
  ];
}
