import type { LogFields, Logger } from "../api/logger.ts";
import { escaped, inOneLine, isPrintable, printable } from "../core/printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
type LogLevel = (typeof logLevels)[number];

export const logFormats = ["json", "text"] as const;
type LogFormat = (typeof logFormats)[number];

interface LoggerOptions {
  /** Entries below this level are dropped. */
  level: LogLevel;
  /** One JSON object a line, or a line for a person. */
  format: LogFormat;
  /** Takes one line without its line end. */
  write(line: string): void;
  now(): Date;
}

/** A logger that writes one line an entry. Errors among the fields become their message. */
export function createLogger(options: LoggerOptions): Logger {
  const threshold = logLevels.indexOf(options.level);
  const render = options.format === "json" ? jsonLine : textLine;
  function log(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (logLevels.indexOf(level) < threshold) return;
    options.write(render({ time: options.now(), level, message, fields }));
  }
  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
  };
}

interface Entry {
  time: Date;
  level: LogLevel;
  message: string;
  fields: LogFields;
}

function jsonLine({ time, level, message, fields }: Entry): string {
  const plain = Object.entries(fields).map(([key, value]) => [key, plainValue(value)]);
  const entry = { time: time.toISOString(), level, message, ...Object.fromEntries(plain) };
  return escaped(JSON.stringify(entry));
}

function textLine({ time, level, message, fields }: Entry): string {
  const pairs = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${textValue(plainValue(value))}`);
  const begin = `${time.toISOString().slice(11, 23)} ${level.toUpperCase().padEnd(5)} `;
  return printable(inOneLine(`${begin}${message}${pairs.join("")}`));
}

function plainValue(value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function textValue(value: unknown): string {
  return typeof value === "string" && isPrintable(value) && /^[^\s"=]+$/.test(value)
    ? value
    : escaped(JSON.stringify(value));
}
