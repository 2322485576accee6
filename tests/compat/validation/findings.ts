import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { isEmptySelector } from "../../../lib/core/select/label_selector.ts";
import { selectorProblems } from "../../../lib/core/select/selector_problems.ts";
import { containersOf } from "./validation_case.ts";

/** Paths of `transferEnv` entries that name no container. */
export function sourcelessTransfers(object: SidecarSet): string[] {
  return containersOf(object).flatMap(({ container, path }) =>
    (container.transferEnv ?? []).flatMap((entry, i) => {
      const hasSource = entry.sourceContainerNameFrom
        ? entry.sourceContainerNameFrom.fieldRef !== undefined
        : Boolean(entry.sourceContainerName);
      return hasSource ? [] : [`${path}.transferEnv[${i}]`];
    })
  );
}

/** Paths of what is wrong with an update strategy that OpenKruise does not look at, whose type is not RollingUpdate. */
export function uncheckedStrategy({ spec }: SidecarSet): string[] {
  const strategy = spec.updateStrategy ?? {};
  const { selector, partition, maxUnavailable } = strategy;
  const found: string[] = [];
  const isPartitionSet = partition !== undefined && partition !== 0;
  if (
    selector &&
    (isPartitionSet || isEmptySelector(selector) || selectorProblems(selector, "").length)
  ) found.push("spec.updateStrategy.selector");
  if (!isCountOrPercent(partition)) found.push("spec.updateStrategy.partition");
  if (!isCountOrPercent(maxUnavailable)) found.push("spec.updateStrategy.maxUnavailable");
  return found;
}

function isCountOrPercent(value: unknown): boolean {
  if (typeof value === "string") return /^[0-9]+%$/.test(value);
  return value === undefined || (typeof value === "number" && value >= 0);
}

/** Paths of what keeps hot-upgrade pairs from working. */
export function badPairs(object: SidecarSet): string[] {
  const names = containersOf(object).map(({ container }) => container.name);
  return containersOf(object)
    .filter(({ container }) => container.upgradeStrategy?.upgradeType === "HotUpgrade")
    .flatMap(({ container: { name, upgradeStrategy }, path }) => [
      ...(upgradeStrategy?.hotUpgradeEmptyImage ? [] : [`${path}.upgradeStrategy`]),
      ...(name?.length > 61 || names.some((other) => [`${name}-1`, `${name}-2`].includes(other))
        ? [`${path}.name`]
        : []),
    ]);
}
