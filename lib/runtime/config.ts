import * as z from "zod/mini";
import { readAs } from "../api/read.ts";
import { logFormats, logLevels } from "./log.ts";

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

/** Everything that a controller process can be told. */
export const config = z.strictObject({
  kubeconfig: z.optional(z.string()),
  context: z.optional(z.string()),
  namespace: dnsLabel,
  serviceName: dnsLabel,
  webhookUrl: z.optional(webhookUrl),
  webhookHost: z.string(),
  webhookPort: port,
  healthHost: z.string(),
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
  drainSeconds: seconds,
  shutdownSeconds: seconds,
  logLevel: z.enum(logLevels),
  logFormat: z.enum(logFormats),
});
export type Config = z.infer<typeof config>;

/** One setting: its flag, the environment variable that stands in for it, and how its text is read. */
export interface Setting {
  readonly key: keyof Config;
  readonly flag: string;
  readonly env?: string;
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  readonly parse?: "number" | "list" | "boolean";
}

export const settings: readonly Setting[] = [
  {
    key: "kubeconfig",
    flag: "kubeconfig",
    value: "FILE",
    description:
      "kubeconfig to use; when absent those of KUBECONFIG, in-cluster credentials or ~/.kube/config",
  },
  {
    key: "context",
    flag: "context",
    value: "NAME",
    description: "context of the kubeconfig to use",
  },
  {
    key: "namespace",
    flag: "namespace",
    env: "POD_NAMESPACE",
    value: "NAME",
    default: "sidecarset-system",
    description: "namespace of the controller's own objects",
  },
  {
    key: "serviceName",
    flag: "service-name",
    value: "NAME",
    default: "sidecarset-webhook",
    description: "Service in front of the webhook",
  },
  {
    key: "webhookUrl",
    flag: "webhook-url",
    value: "URL",
    description: "https://HOST:PORT/ of a webhook outside the cluster",
  },
  {
    key: "keepRegistration",
    flag: "keep-registration",
    parse: "boolean",
    description:
      "with --webhook-url: other replicas serve it too, so leave it registered on exit, and let SidecarSets refuse Pods",
  },
  {
    key: "webhookHost",
    flag: "webhook-host",
    value: "ADDRESS",
    default: "0.0.0.0",
    description: "address that the webhook listens on",
  },
  {
    key: "webhookPort",
    flag: "webhook-port",
    value: "PORT",
    default: "9443",
    parse: "number",
    description: "port that the webhook listens on",
  },
  {
    key: "healthHost",
    flag: "health-host",
    value: "ADDRESS",
    default: "0.0.0.0",
    description: "address for /healthz, /readyz and /metrics",
  },
  {
    key: "healthPort",
    flag: "health-port",
    value: "PORT",
    default: "8080",
    parse: "number",
    description: "port for /healthz, /readyz and /metrics",
  },
  {
    key: "certDir",
    flag: "cert-dir",
    value: "FOLDER",
    description:
      "folder with tls.crt, tls.key and ca.crt; the controller makes its own certificates when absent",
  },
  {
    key: "certificateSeconds",
    flag: "certificate-seconds",
    value: "SECONDS",
    default: "2592000",
    parse: "number",
    description: "lifetime of the serving certificate that the controller makes",
  },
  {
    key: "authoritySeconds",
    flag: "authority-seconds",
    value: "SECONDS",
    default: "315360000",
    parse: "number",
    description: "lifetime of the certificate authority that the controller makes",
  },
  {
    key: "openKruiseNamespace",
    flag: "openkruise-namespace",
    value: "NAME",
    default: "kruise-system",
    description: "namespace of an OpenKruise that was, or is, here for other kinds",
  },
  {
    key: "ignoreOpenKruise",
    flag: "ignore-openkruise",
    parse: "boolean",
    description: "write even if OpenKruise looks after SidecarSets in this cluster too",
  },
  {
    key: "excludeNamespaces",
    flag: "exclude-namespaces",
    value: "NAMES",
    default: "kube-system,kube-node-lease,kube-public",
    parse: "list",
    description: "namespaces whose Pods are never injected, separated by commas",
  },
  {
    key: "recreatingKinds",
    flag: "recreating-kinds",
    value: "KINDS",
    default: "ReplicaSet,StatefulSet,DaemonSet",
    parse: "list",
    description:
      "kinds of controllers that create an evicted Pod anew, separated by commas; Pods of others are never evicted",
  },
  {
    key: "maxInFlight",
    flag: "max-in-flight",
    value: "NUMBER",
    default: "16",
    parse: "number",
    description: "how many writes may be under way",
  },
  {
    key: "writesPerSecond",
    flag: "writes-per-second",
    value: "NUMBER",
    default: "200",
    parse: "number",
    description: "how many writes may start in a second",
  },
  {
    key: "requireAnnotationAllowList",
    flag: "require-annotation-allow-list",
    parse: "boolean",
    description: "refuse patchPodMetadata unless the allow-list ConfigMap names the keys",
  },
  {
    key: "drainSeconds",
    flag: "drain-seconds",
    value: "SECONDS",
    default: "5",
    parse: "number",
    description: "how long to go on answering after SIGTERM, until nobody sends reviews any more",
  },
  {
    key: "shutdownSeconds",
    flag: "shutdown-seconds",
    value: "SECONDS",
    default: "20",
    parse: "number",
    description: "deadline of an ordered shut-down",
  },
  {
    key: "logLevel",
    flag: "log-level",
    env: "LOG_LEVEL",
    value: "LEVEL",
    default: "info",
    description: `one of ${logLevels.join(", ")}`,
  },
  {
    key: "logFormat",
    flag: "log-format",
    env: "LOG_FORMAT",
    value: "FORMAT",
    description: `one of ${logFormats.join(", ")}; text on a terminal when absent, else json`,
  },
];

export interface ConfigSources {
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
