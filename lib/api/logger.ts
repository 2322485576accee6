/** What every room that acts is given to say what it does; the runtime decides where it goes. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Names, counts, reasons, durations; never whole objects. */
export type LogFields = Readonly<Record<string, unknown>>;
