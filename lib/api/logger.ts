/** Logger that webhook and controller write to; the runtime decides about format and destination. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Names, counts, reasons, durations; never whole objects. */
export type LogFields = Readonly<Record<string, unknown>>;
