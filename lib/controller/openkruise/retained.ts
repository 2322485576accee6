import type { Clock } from "../../api/clock.ts";
import type { ControllerRevision } from "../../api/controller_revision.ts";
import type { Logger } from "../../api/logger.ts";
import { type OpenKruiseLegacy, readLegacy } from "../../kube/openkruise/retained.ts";
import { type OpenKruiseOptions, READING_ADVICE } from "../../kube/openkruise/activity.ts";

export interface LegacyOptions extends Omit<OpenKruiseOptions, "signal"> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when it can be read after it could not. */
  onReadable(): void;
}

/** What OpenKruise has left in its namespace, read once. */
export interface Legacy {
  /** Rejects as long as it is not known; undefined while it may not be read. */
  revisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  /** The text of its allow-list; undefined until it was read, or where there is none. */
  allowList(): string | undefined;
  /** Reads it, if need be again and again. */
  read(signal: AbortSignal): Promise<void>;
}

/** How long to wait before another attempt, in milliseconds: where it failed, and where it is not allowed. */
const TRY_AGAIN = 2_000;
const ASK_AGAIN = 10_000;

export function createLegacy(
  { clock, logger, onReadable, ...options }: LegacyOptions,
): Legacy {
  let known: OpenKruiseLegacy | undefined;
  let isForbidden = false;

  async function load(signal: AbortSignal): Promise<void> {
    if (known) return;
    known = await readLegacy({ ...options, signal });
    if (known === undefined && !isForbidden) {
      logger.warn(
        "Cannot read what OpenKruise has kept: its revisions and its allow-list do not count",
        { namespace: options.namespace, remedy: READING_ADVICE },
      );
    }
    if (known && isForbidden) onReadable();
    isForbidden = known === undefined;
  }

  return {
    async revisions(signal) {
      if (!isForbidden) await load(signal);
      return known?.revisions;
    },
    allowList: () => known?.allowList,
    async read(signal) {
      while (!signal.aborted && !known) {
        try {
          await load(signal);
        } catch (error) {
          logger.debug("Cannot read what OpenKruise has left; trying again", { error });
        }
        if (!known) await clock.sleep(isForbidden ? ASK_AGAIN : TRY_AGAIN, signal);
      }
    },
  };
}
