import type { ControlPlane } from "../control_plane.ts";
import type { Step } from "./chapter.ts";
import { asWritten, lasting } from "./match.ts";
import { ChapterShell, type Run } from "./shell.ts";

export interface StageOptions {
  /** The folder with the programs that commands name. */
  readonly programs: string;
  /** Milliseconds for which a look at the cluster is repeated although it shows nothing new. @default {30_000} */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

export interface Played extends Run {
  /** What was printed as the chapter would say it; undefined where the chapter says something else, or the command failed. */
  readonly written: readonly string[] | undefined;
}

/** Commands that change nothing, and show what the cluster comes to by and by. */
const LOOK =
  /^(kubectl (get|wait)|(kubectl )?sidecarset (status|explain|rollout history))\b(?!.* (-w|--watch)\b)/;

const LOOK_AGAIN = 500;
/** How long a look is repeated that fails, in milliseconds. */
const FAILURE_PATIENCE = 60_000;

/** Plays the steps of a chapter on a control plane, in their order. */
export class Stage {
  readonly #shell: ChapterShell;
  readonly #options: StageOptions;

  constructor({ kubeconfig }: ControlPlane, options: StageOptions) {
    const folder = new URL("../../../", import.meta.url).pathname;
    this.#shell = new ChapterShell({ ...options, kubeconfig, folder });
    this.#options = options;
  }

  /** Runs the command; as people do, it looks again where what is to be seen has not come yet. */
  async play({ command, output }: Step): Promise<Played> {
    const { signal, patience = 30_000 } = this.#options;
    let seen = "";
    let lastChange = performance.now();
    for (;;) {
      const run = await this.#shell.run(command);
      signal?.throwIfAborted();
      const { printed, status } = run;
      const written = status === 0 ? asWritten(output, printed) : undefined;
      if (written || !LOOK.test(command)) return { ...run, written };
      const sight = printed.map(lasting).join("\n");
      if (sight !== seen) [seen, lastChange] = [sight, performance.now()];
      const limit = status === 0 ? patience : FAILURE_PATIENCE;
      if (performance.now() - lastChange >= limit) return { ...run, written };
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN));
    }
  }
}
