import type { Clock } from "../../lib/api/clock.ts";
import type { LoopEnvironment, LoopMetrics } from "../../lib/controller/loop.ts";
import { quietLogger } from "./quiet_logger.ts";

/** Metrics that a test does not look at. */
export const unseenMetrics: LoopMetrics = {
  observer: () => ({ onAdded() {}, onStarted() {}, onDone() {} }),
  observe() {},
};

/** What loops need of a process that leads and is synced. */
export function loopEnvironment(
  { clock, isLeader = () => true }: { clock: Clock; isLeader?: () => boolean },
): LoopEnvironment {
  return { clock, logger: quietLogger, isLeader, isSynced: () => true, metrics: unseenMetrics };
}
