import type { SidecarSet } from "../../api/sidecarset.ts";
import { inOneLine } from "../../core/printable.ts";
import { rolloutStateOf } from "../sidecarsets/rollout_state.ts";
import { wrapped } from "../terminal/output.ts";

/** How long a step may last until it is said what holds it up, in milliseconds. */
const PATIENCE = 10_000;

/** The last step that was told of a SidecarSet. */
interface Told {
  readonly step: string;
  /** Milliseconds. */
  readonly since: number;
  /** What was said to hold it up. */
  readonly obstacle?: string;
}

/** Tells roll-outs line by line, for where there is no terminal: each step, and what holds up a step that lasts. */
export class Steps {
  readonly #told = new Map<string, Told>();
  readonly #tell: (text: string) => void;

  constructor(tell: (text: string) => void) {
    this.#tell = tell;
  }

  /** Tells what is new. */
  show(sidecarSets: readonly SidecarSet[], now: Date): void {
    const time = now.getTime();
    for (const sidecarSet of sidecarSets) {
      const { metadata: { name = "" } } = sidecarSet;
      const { state, message } = rolloutStateOf(sidecarSet);
      if (state !== "Moving") continue;
      const step = stepOf(sidecarSet);
      const last = this.#told.get(name);
      if (last?.step !== step) {
        if (step !== "") this.#tell(`${name}: ${step}\n`);
        this.#told.set(name, { step, since: time });
      } else if (time - last.since >= PATIENCE && last.obstacle !== message) {
        this.#tell(rolloutText(sidecarSet, "is waiting"));
        this.#told.set(name, { ...last, obstacle: message });
      }
    }
  }
}

/** Empty until the controller has seen a change: the counts are those of before. */
function stepOf(sidecarSet: SidecarSet): string {
  const { updatedPods = 0, matchedPods = 0 } = sidecarSet.status ?? {};
  const isSeen = rolloutStateOf(sidecarSet).reason !== "NotObserved";
  return isSeen ? `${updatedPods} of ${matchedPods} Pods are updated` : "";
}

/** What a roll-out does, such as `has ended`, and why. */
export function rolloutText(sidecarSet: SidecarSet, what: string): string {
  const { reason, message } = rolloutStateOf(sidecarSet);
  const title = inOneLine(`The roll-out of ${sidecarSet.metadata.name} ${what} (${reason}):`);
  return `${[title, ...wrapped(message, 2)].join("\n")}\n`;
}
