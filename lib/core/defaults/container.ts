import { defaultCoreContainer, defaultFieldRef } from "./core_container.ts";
import { changeEach, changeObject, fillZero, type JsonRecord } from "./fill.ts";

/** Default place of a sidecar: before the Pod's own containers, but after its init containers. */
export const defaultInjectPolicies = {
  containers: "BeforeAppContainer",
  initContainers: "AfterAppContainer",
} as const;

/**
 * The defaults of one sidecar: its own and those of a core container. A startup probe gets none, as in OpenKruise:
 * they would change the hash.
 *
 * @see `apis/apps/defaults/v1beta1.go:setDefaultSidecarContainer`, `setDefaultContainer`
 */
export function defaultContainer(
  container: JsonRecord,
  podInjectPolicy: string,
): JsonRecord {
  let result = fillZero(container, { podInjectPolicy, upgradeStrategy: {}, shareVolumePolicy: {} });
  result = changeObject(result, { field: "upgradeStrategy", change: coldUpgrade });
  result = changeObject(result, { field: "shareVolumePolicy", change: disabled });
  result = changeEach(result, { field: "transferEnv", change: sourceFieldRef });
  return defaultCoreContainer(result);
}

function coldUpgrade(strategy: JsonRecord): JsonRecord {
  return fillZero(strategy, { upgradeType: "ColdUpgrade" });
}

function disabled(policy: JsonRecord): JsonRecord {
  return fillZero(policy, { type: "disabled" });
}

/** A source without fieldRef is reported by validation; OpenKruise crashes (B-25). */
function sourceFieldRef(transfer: JsonRecord): JsonRecord {
  return changeObject(transfer, { field: "sourceContainerNameFrom", change: defaultFieldRef });
}
