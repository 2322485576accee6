import type { Clock } from "../../api/clock.ts";
import type { Logger } from "../../api/logger.ts";
import type { RestClient } from "../../kube/contract.ts";
import { openKruiseActivity } from "../../kube/openkruise.ts";

interface OpenKruiseGuardOptions {
  readonly client: RestClient;
  readonly namespace: string;
  /** The API server's. */
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Prevents every write while OpenKruise manages SidecarSets too. */
interface OpenKruiseGuard {
  /** Why nothing is written; undefined while it may be. */
  problem(): string | undefined;
  /** Runs the work while OpenKruise does not manage SidecarSets, and aborts it while it does. */
  run(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

const POLL_INTERVAL_MS = 10_000;
const RETRY_INTERVAL_MS = 1_000;

/** Creates the guard, which lets the program lead only while OpenKruise does not control SidecarSets. */
export function createOpenKruiseGuard(options: OpenKruiseGuardOptions): OpenKruiseGuard {
  const { clock, logger } = options;
  let problem: string | undefined = "it is not known yet whether OpenKruise is active";

  async function look(signal: AbortSignal): Promise<boolean> {
    try {
      const activity = await openKruiseActivity({ ...options, now: clock.now(), signal });
      const active = activity.state === "active"
        ? `${activity.problem}. ${activity.remedy}`
        : undefined;
      if (active !== undefined && active !== problem) {
        logger.error("Refusing to write because OpenKruise is active", { reason: active });
      }
      problem = active;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      logger.warn("Cannot find out whether OpenKruise is active; trying again", { error });
      return false;
    }
  }

  return {
    problem: () => problem,
    async run(work, signal) {
      let stop = new AbortController();
      let working: Promise<void> | undefined;
      signal.addEventListener("abort", () => stop.abort(), { once: true });
      while (!signal.aborted) {
        const isKnown = await look(signal);
        if (problem === undefined && working === undefined) {
          stop = new AbortController();
          working = work(stop.signal);
        } else if (problem !== undefined && working !== undefined) {
          stop.abort();
          await working;
          working = undefined;
        }
        await clock.sleep(isKnown ? POLL_INTERVAL_MS : RETRY_INTERVAL_MS, signal);
      }
      await working;
    },
  };
}
