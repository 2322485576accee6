import type { SidecarSet } from "../../api/sidecarset.ts";
import { rolloutStateOf } from "../rollout_state.ts";

const BAR = 24;

/** `logging [======>-----] 2/4 updated, 4 ready  RollingOut`, cut to the width of the window. */
export function progressLine(sidecarSet: SidecarSet, columns: number): string {
  const { metadata: { name = "" }, status = {} } = sidecarSet;
  const { matchedPods = 0, updatedPods = 0, readyPods = 0 } = status;
  const numbers = `${updatedPods}/${matchedPods} updated, ${readyPods} ready`;
  const line = `${name} ${bar(updatedPods, matchedPods)} ${numbers}  ${
    rolloutStateOf(sidecarSet).reason
  }`;
  // A line that fills the window to its last column would be followed by an empty one.
  return line.length < columns ? line : line.slice(0, Math.max(0, columns - 1));
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR : Math.min(BAR, Math.floor(BAR * done / total));
  const full = "=".repeat(filled);
  if (filled === BAR) return `[${full}]`;
  return `[${full}>${"-".repeat(BAR - filled - 1)}]`;
}
