import { OPENKRUISE_NAMESPACE } from "../api/names.ts";
import { logFormats, logLevels } from "./log.ts";

/** One setting: its flag, the environment variable that can replace it, and how its text is parsed. */
export interface Setting {
  /** Name in the configuration. */
  readonly key: string;
  readonly flag: string;
  readonly env?: string;
  readonly value?: string;
  readonly description: string;
  readonly default?: string;
  readonly parse?: "number" | "list" | "boolean";
}

const ALL = [
  {
    key: "kubeconfig",
    flag: "kubeconfig",
    value: "FILE",
    description:
      "path of the kubeconfig; default: KUBECONFIG, in-cluster credentials, or ~/.kube/config",
  },
  {
    key: "context",
    flag: "context",
    value: "NAME",
    description: "kubeconfig context to use",
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
    description: "name of the webhook's Service",
  },
  {
    key: "webhookUrl",
    flag: "webhook-url",
    value: "URL",
    description: "URL of a webhook outside the cluster (https://HOST:PORT/)",
  },
  {
    key: "keepRegistration",
    flag: "keep-registration",
    parse: "boolean",
    description:
      "with --webhook-url: keep the registration on exit and register failurePolicy Fail, " +
      "as other replicas serve the URL too",
  },
  {
    key: "webhookHost",
    flag: "webhook-host",
    value: "ADDRESS",
    description: "address that the webhook listens on; all IPv4 and IPv6 addresses when absent",
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
    description: "address for /healthz, /readyz and /metrics; all addresses when absent",
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
      "folder with tls.crt, tls.key and ca.crt; when absent, the controller issues its own certificates",
  },
  {
    key: "certificateSeconds",
    flag: "certificate-seconds",
    value: "SECONDS",
    default: "2592000",
    parse: "number",
    description: "lifetime of the serving certificate that the controller issues",
  },
  {
    key: "authoritySeconds",
    flag: "authority-seconds",
    value: "SECONDS",
    default: "315360000",
    parse: "number",
    description: "lifetime of the certificate authority that the controller creates",
  },
  {
    key: "openKruiseNamespace",
    flag: "openkruise-namespace",
    value: "NAME",
    default: OPENKRUISE_NAMESPACE,
    description: "namespace of a current or former OpenKruise installation",
  },
  {
    key: "ignoreOpenKruise",
    flag: "ignore-openkruise",
    parse: "boolean",
    description: "write even if OpenKruise also manages SidecarSets in this cluster",
  },
  {
    key: "excludeNamespaces",
    flag: "exclude-namespaces",
    value: "NAMES",
    default: "kube-system,kube-node-lease,kube-public",
    parse: "list",
    description: "comma-separated namespaces whose Pods are never injected",
  },
  {
    key: "recreatingKinds",
    flag: "recreating-kinds",
    value: "KINDS",
    default: "ReplicaSet,StatefulSet,DaemonSet",
    parse: "list",
    description:
      "comma-separated kinds of workloads that recreate evicted Pods; Pods of other kinds are never evicted",
  },
  {
    key: "maxInFlight",
    flag: "max-in-flight",
    value: "NUMBER",
    default: "16",
    parse: "number",
    description: "maximum number of concurrent writes",
  },
  {
    key: "writesPerSecond",
    flag: "writes-per-second",
    value: "NUMBER",
    default: "200",
    parse: "number",
    description: "maximum number of writes per second",
  },
  {
    key: "requireAnnotationAllowList",
    flag: "require-annotation-allow-list",
    parse: "boolean",
    description: "refuse patchPodMetadata unless the allow-list ConfigMap contains the keys",
  },
  {
    key: "omitDefaults",
    flag: "omit-defaults",
    parse: "boolean",
    description:
      "write only the hashes into SidecarSets, no defaults, so that applying a file again changes nothing",
  },
  {
    key: "drainSeconds",
    flag: "drain-seconds",
    value: "SECONDS",
    default: "5",
    parse: "number",
    description: "how long to keep serving after SIGTERM, until API servers stop sending reviews",
  },
  {
    key: "shutdownSeconds",
    flag: "shutdown-seconds",
    value: "SECONDS",
    default: "20",
    parse: "number",
    description: "deadline of a graceful shut-down",
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
] as const satisfies readonly Setting[];

export type SettingKey = (typeof ALL)[number]["key"];

/** All settings of a controller process as data, so that help and reference need no schema. */
export const settings: readonly (Setting & { readonly key: SettingKey })[] = ALL;
