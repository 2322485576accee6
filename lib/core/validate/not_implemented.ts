import type { SidecarSetSpec } from "../../api/sidecarset.ts";

/** Paths of the fields that are set to other than their default and have no effect yet: the user must hear of it. */
export function unimplementedFields(spec: SidecarSetSpec): string[] {
  const { cleanupPolicy } = spec;
  const checks: readonly (readonly [string, boolean])[] = [
    ["spec.cleanupPolicy.type", cleanupPolicy?.type === "Evict"],
  ];
  return checks.filter(([, isSet]) => isSet).map(([path]) => path);
}
