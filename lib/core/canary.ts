import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../api/names.ts";
import type { SidecarSet } from "../api/sidecarset.ts";

/** Name of a canary's base SidecarSet; undefined for a SidecarSet that is no canary. */
export function canaryBaseOf({ metadata }: Pick<SidecarSet, "metadata">): string | undefined {
  const { annotations = {} } = metadata;
  if (annotations[CANARY_ANNOTATION] !== "true") return undefined;
  return annotations[CANARY_BASE_ANNOTATION] || undefined;
}
