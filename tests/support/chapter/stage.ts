import type { ControlPlane } from "../control_plane.ts";
import type { Step } from "./chapter.ts";
import { asWritten, lasting } from "./match.ts";
import { ChapterShell, type Run } from "./shell.ts";

export interface StageOptions {
  /** The folder with the programs that commands name. */
  readonly programs: string;
  /** How long, in milliseconds, a read-only command is repeated while its output does not change. @default {30_000} */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

export interface Played extends Run {
  /** The output with the document's `...` lines; undefined where it differs or the command failed. */
  readonly written: readonly string[] | undefined;
}

/** Read-only commands whose output converges. */
const READ_ONLY =
  /^(kubectl (get|wait)|(kubectl )?sidecarset (status|explain|rollout history))\b(?!.* (-w|--watch)\b)/;

/**
 * Commands that create objects, and the pause before them. The times of objects are whole seconds: a Pod of the same
 * second as a SidecarSet may be older or younger. A reader takes longer than a second.
 */
const CREATING = /^kubectl (apply|create)\b/;
const PAUSE_MS = 1_000;

const REPEAT_INTERVAL_MS = 500;
/** How long a read-only command that fails is repeated. */
const FAILURE_PATIENCE_MS = 60_000;

/** Plays the steps of a document on a control plane, in order. */
export class Stage {
  readonly #shell: ChapterShell;
  readonly #options: StageOptions;

  constructor({ kubeconfig }: ControlPlane, options: StageOptions) {
    const folder = new URL("../../../", import.meta.url).pathname;
    this.#shell = new ChapterShell({ ...options, kubeconfig, folder });
    this.#options = options;
  }

  /** Runs the command; repeats a read-only one until its output is the document's or patience ends. */
  async play({ command, output }: Step): Promise<Played> {
    const { signal, patience = 30_000 } = this.#options;
    if (CREATING.test(command)) await wait(PAUSE_MS);
    let seen = "";
    let lastChange = performance.now();
    for (;;) {
      const run = await this.#shell.run(command);
      signal?.throwIfAborted();
      const { printed, status } = run;
      const written = status === 0 ? asWritten(output, printed) : undefined;
      if (written || !READ_ONLY.test(command)) return { ...run, written };
      const sight = printed.map(lasting).join("\n");
      if (sight !== seen) [seen, lastChange] = [sight, performance.now()];
      const limit = status === 0 ? patience : FAILURE_PATIENCE_MS;
      if (performance.now() - lastChange >= limit) return { ...run, written };
      await wait(REPEAT_INTERVAL_MS);
    }
  }
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
