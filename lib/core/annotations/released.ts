import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_LIST_ANNOTATION,
  INPLACE_UPDATE_STATE_ANNOTATION,
} from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import { injectedListText, injectedSidecarSets } from "./injected_list.ts";
import { inPlaceStatesWithout } from "./inplace_state.ts";
import { RESTART_COUNTS_ANNOTATION, restartCountsWithout } from "./restart_counts.ts";
import { readUpgradeSpecs, upgradeSpecsText } from "./upgrade_specs.ts";
import type { UpgradeSpec } from "../../api/pod.ts";

/**
 * The annotations of a Pod once they stop naming a SidecarSet that is gone, so that another one of its name does not count the Pod as its own
 * (B-6): only those that change, null removes one. What the containers themselves read, such as their versions, stays.
 */
export function releasedAnnotations(pod: Pod, sidecarSet: string): Record<string, string | null> {
  const names = injectedSidecarSets(pod).filter((name) => name !== sidecarSet);
  const changed: Record<string, string | null> = {
    [INJECTED_LIST_ANNOTATION]: names.length === 0 ? null : injectedListText(names),
  };
  const specs = readUpgradeSpecs(pod);
  if (specs.ok) {
    const { full, withoutImage } = specs.value;
    if (full.has(sidecarSet)) changed[HASH_ANNOTATION] = specsWithout(full, sidecarSet);
    if (withoutImage.has(sidecarSet)) {
      changed[HASH_WITHOUT_IMAGE_ANNOTATION] = specsWithout(withoutImage, sidecarSet);
    }
  }
  const states = inPlaceStatesWithout(pod, sidecarSet);
  if (states !== undefined) changed[INPLACE_UPDATE_STATE_ANNOTATION] = states;
  const counts = restartCountsWithout(pod, sidecarSet);
  if (counts !== undefined) changed[RESTART_COUNTS_ANNOTATION] = counts;
  return changed;
}

function specsWithout(specs: ReadonlyMap<string, UpgradeSpec>, sidecarSet: string): string | null {
  const kept = new Map([...specs].filter(([name]) => name !== sidecarSet));
  return kept.size === 0 ? null : upgradeSpecsText(kept);
}
