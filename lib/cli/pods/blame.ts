import { blamedSidecarSets } from "../../core/refused/blame.ts";
import type { PodOutcome } from "./outcome.ts";

/**
 * The SidecarSets because of which the API server refuses a Pod.
 *
 * @param text The API server's words.
 */
export function blamedFor(text: string, { target: { pod }, selecting, injection }: PodOutcome) {
  return blamedSidecarSets(text, { pod, selecting, injection });
}
