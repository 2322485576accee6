import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { RestClient } from "../kube/contract.ts";
import { activeOpenKruise } from "./openkruise.ts";

export interface OpenKruiseGuardOptions {
  readonly client: RestClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Holds back every write while OpenKruise looks after SidecarSets too. */
export interface OpenKruiseGuard {
  /** Why nothing is written; undefined once it may be. */
  problem(): string | undefined;
  /** Resolves when OpenKruise does not look after SidecarSets, or the signal is aborted. */
  untilInactive(signal: AbortSignal): Promise<void>;
}

/** How often it is looked again, in milliseconds. */
const LOOK_AGAIN = 10_000;
const TRY_AGAIN = 1_000;

export function createOpenKruiseGuard(options: OpenKruiseGuardOptions): OpenKruiseGuard {
  const { clock, logger } = options;
  let problem: string | undefined = "it is not known yet whether OpenKruise is active";

  async function look(signal: AbortSignal): Promise<boolean> {
    try {
      const active = await activeOpenKruise({ ...options, signal });
      if (active !== undefined && active !== problem) {
        logger.error("Refusing to write because OpenKruise is active", { reason: active });
      }
      problem = active;
      return true;
    } catch (error) {
      logger.warn("Cannot find out whether OpenKruise is active; trying again", { error });
      return false;
    }
  }

  return {
    problem: () => problem,
    async untilInactive(signal) {
      while (!signal.aborted) {
        const known = await look(signal);
        if (problem === undefined) return;
        await clock.sleep(known ? LOOK_AGAIN : TRY_AGAIN, signal);
      }
    },
  };
}
