import type { Clock } from "../api/clock.ts";
import type { ControllerRevision } from "../api/controller_revision.ts";
import type { Logger } from "../api/logger.ts";
import { type OpenKruiseLegacy, type OpenKruiseOptions, readLegacy } from "./openkruise.ts";

/** What OpenKruise has left in its namespace, read once. */
export interface Legacy {
  /** Rejects as long as it cannot be read. */
  revisions(signal: AbortSignal): Promise<readonly ControllerRevision[]>;
  /** The text of its allow-list; undefined until it was read, or where there is none. */
  allowList(): string | undefined;
  /** Reads it, if need be again and again. */
  read(signal: AbortSignal): Promise<void>;
}

/** How long to wait before another attempt, in milliseconds. */
const TRY_AGAIN = 2_000;

export function createLegacy(
  { clock, logger, ...options }:
    & Omit<OpenKruiseOptions, "signal">
    & { readonly clock: Clock; readonly logger: Logger },
): Legacy {
  let known: OpenKruiseLegacy | undefined;

  async function load(signal: AbortSignal): Promise<OpenKruiseLegacy> {
    return known ??= await readLegacy({ ...options, signal });
  }

  return {
    revisions: async (signal) => (await load(signal)).revisions,
    allowList: () => known?.allowList,
    async read(signal) {
      while (!signal.aborted && !known) {
        try {
          await load(signal);
        } catch (error) {
          logger.debug("Cannot read what OpenKruise has left; trying again", { error });
          await clock.sleep(TRY_AGAIN, signal);
        }
      }
    },
  };
}
