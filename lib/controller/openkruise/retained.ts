import type { Clock } from "../../api/clock.ts";
import type { ControllerRevision } from "../../api/objects.ts";
import type { Logger } from "../../api/logger.ts";
import {
  type OpenKruiseOptions,
  type OpenKruiseRetained,
  readingAdvice,
  readRetained,
} from "../../kube/openkruise.ts";

interface RetainedOptions extends Omit<OpenKruiseOptions, "signal"> {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The revisions and the allow-list that OpenKruise keeps in its namespace, read once. */
interface Retained {
  /** Undefined while reading is forbidden. Rejects with what the API server answers. */
  revisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  /** Undefined until it is read, or if it does not exist. */
  allowList(): string | undefined;
  /**
   * Reads until it succeeds or the signal is aborted.
   *
   * @returns whether reading was forbidden at first, so that SidecarSets were reconciled without the revisions
   */
  read(signal: AbortSignal): Promise<boolean>;
}

const RETRY_INTERVAL_MS = 2_000;
const FORBIDDEN_RETRY_INTERVAL_MS = 10_000;

/** Creates the reader of what OpenKruise has left in its namespace. */
export function createRetained({ clock, logger, ...options }: RetainedOptions): Retained {
  let known: OpenKruiseRetained | undefined;
  let isForbidden = false;

  async function load(signal: AbortSignal): Promise<void> {
    if (known) return;
    known = await readRetained({ ...options, signal });
    if (known === undefined && !isForbidden) {
      logger.warn(
        "Cannot read OpenKruise's namespace: its revisions and its allow-list are ignored",
        { namespace: options.namespace, remedy: readingAdvice(options.namespace) },
      );
    }
    isForbidden = known === undefined;
  }

  return {
    async revisions(signal) {
      if (!isForbidden) await load(signal);
      return known?.revisions;
    },
    allowList: () => known?.allowList,
    async read(signal) {
      let wasForbidden = false;
      while (!signal.aborted && !known) {
        try {
          await load(signal);
        } catch (error) {
          logger.debug("Cannot read OpenKruise's namespace; trying again", { error });
        }
        wasForbidden ||= isForbidden;
        if (known) break;
        await clock.sleep(isForbidden ? FORBIDDEN_RETRY_INTERVAL_MS : RETRY_INTERVAL_MS, signal);
      }
      return wasForbidden;
    },
  };
}
