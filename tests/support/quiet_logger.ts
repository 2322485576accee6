import type { Logger } from "../../lib/api/logger.ts";

/** A logger for tests that do not look at the log. */
export const quietLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
