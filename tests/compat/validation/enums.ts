import { patchPolicies, type SidecarSet } from "../../../lib/api/sidecarset.ts";
import {
  podInjectPolicies,
  shareTypes,
  targetContainersModes,
  upgradeTypes,
} from "../../../lib/api/sidecar_container.ts";
import { updateStrategyTypes } from "../../../lib/api/strategies.ts";
import { containersOf } from "./validation_case.ts";

/** Paths of fields whose value is not one of those they may have, where OpenKruise takes any text. */
export function refusedEnums(object: SidecarSet): string[] {
  const { updateStrategy, patchPodMetadata = [] } = object.spec;
  return [
    ...outside("spec.updateStrategy.type", updateStrategy?.type, updateStrategyTypes),
    ...patchPodMetadata.flatMap(({ patchPolicy }, i) =>
      outside(`spec.patchPodMetadata[${i}].patchPolicy`, patchPolicy, patchPolicies)
    ),
    ...containersOf(object).flatMap(({ container, path }) => [
      ...outside(`${path}.podInjectPolicy`, container.podInjectPolicy, podInjectPolicies),
      ...outside(
        `${path}.upgradeStrategy.upgradeType`,
        container.upgradeStrategy?.upgradeType,
        upgradeTypes,
      ),
      ...outside(`${path}.shareVolumePolicy.type`, container.shareVolumePolicy?.type, shareTypes),
      ...outside(
        `${path}.shareVolumeDevicePolicy.type`,
        container.shareVolumeDevicePolicy?.type,
        shareTypes,
      ),
      ...outside(
        `${path}.resourcesPolicy.targetContainersMode`,
        container.resourcesPolicy?.targetContainersMode,
        targetContainersModes,
      ),
    ]),
  ];
}

function outside(path: string, value: unknown, known: readonly unknown[]): string[] {
  return value === undefined || value === "" || known.includes(value) ? [] : [path];
}
