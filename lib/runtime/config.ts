import * as z from "zod/mini";
import { readAs } from "../api/read.ts";
import { logFormats, logLevels } from "./log.ts";
import { type Setting, type SettingKey, settings } from "./settings.ts";

const port = z.int().check(z.minimum(0), z.maximum(65_535));
const seconds = z.number().check(z.minimum(0), z.maximum(3_600));
const lifetime = z.int().check(z.minimum(3), z.maximum(3_650 * 86_400));
const dnsLabel = z.string().check(
  z.regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    "a name of at most 63 lower-case letters, digits and '-', such as sidecarset-system",
  ),
);
/** The paths that reviews come to are added. */
const webhookUrl = z.string().check(
  z.regex(/^https:\/\/[^/\s]+\/?$/, "a URL without a path, such as https://192.0.2.1:9443/"),
);

/** Settings of a controller process. */
const config = z.strictObject(
  {
    kubeconfig: z.optional(z.string()),
    context: z.optional(z.string()),
    namespace: dnsLabel,
    serviceName: dnsLabel,
    webhookUrl: z.optional(webhookUrl),
    webhookHost: z.optional(z.string()),
    webhookPort: port,
    healthHost: z.optional(z.string()),
    healthPort: port,
    keepRegistration: z.boolean(),
    certDir: z.optional(z.string()),
    certificateSeconds: lifetime,
    authoritySeconds: lifetime,
    openKruiseNamespace: dnsLabel,
    ignoreOpenKruise: z.boolean(),
    excludeNamespaces: z.array(dnsLabel),
    recreatingKinds: z.array(z.string().check(z.minLength(1))),
    maxInFlight: z.int().check(z.minimum(1), z.maximum(256)),
    writesPerSecond: z.number().check(z.minimum(1), z.maximum(10_000)),
    requireAnnotationAllowList: z.boolean(),
    omitDefaults: z.boolean(),
    drainSeconds: seconds,
    shutdownSeconds: seconds,
    logLevel: z.enum(logLevels),
    logFormat: z.enum(logFormats),
  } satisfies Record<SettingKey, z.ZodMiniType>,
);
export type Config = z.infer<typeof config>;

/** Where the configuration is read. */
interface ConfigSources {
  /** Values of the flags that were given, by the flag's name. */
  readonly flags: Readonly<Record<string, unknown>>;
  env(name: string): string | undefined;
  /** Whether a person reads the log. */
  readonly terminal: boolean;
}

/**
 * Reads flags, then environment variables, then defaults.
 *
 * @throws {ConfigError} that names every setting that is wrong, not only the first.
 */
export function readConfig(sources: ConfigSources): Config {
  const raw: Record<string, unknown> = { logFormat: sources.terminal ? "text" : "json" };
  for (const setting of settings) {
    const given = sources.flags[setting.flag] ??
      (setting.env ? sources.env(setting.env) : undefined) ?? setting.default;
    const isGiven = given !== undefined && (given !== "" || setting.parse === "list");
    if (isGiven) raw[setting.key] = parse(setting, given);
    else if (setting.parse === "boolean") raw[setting.key] = false;
  }
  const result = readAs(config, raw);
  if (result.ok) return result.value;
  const lines = result.problems.map(({ field, message }) => {
    const setting = settings.find(({ key }) => field === key || field.startsWith(`${key}[`));
    return `--${setting?.flag ?? field} ${message}`;
  });
  throw new ConfigError(`Cannot read the configuration: ${lines.join("; ")}`);
}

/** A flag or an environment variable has a value that cannot be used. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

function parse(setting: Setting, given: unknown): unknown {
  if (typeof given !== "string") return given;
  switch (setting.parse) {
    case "number":
      return given.trim() === "" || Number.isNaN(Number(given)) ? given : Number(given);
    case "list":
      return given.split(",").map((item) => item.trim()).filter((item) => item !== "");
    case "boolean":
      return given === "true";
    default:
      return given;
  }
}
