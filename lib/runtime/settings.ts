import { logFormats, logLevels } from "./log.ts";

/** One setting: its flag, the environment variable that stands in for it, and how its text is read. */
export interface Setting {
  /** Its name in the configuration. */
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
    description: "address that the webhook listens on; all, of IPv4 and IPv6, when absent",
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
    description: "address for /healthz, /readyz and /metrics; all when absent",
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
      "kinds of controllers that recreate an evicted Pod, separated by commas; Pods of others are never evicted",
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
    key: "omitDefaults",
    flag: "omit-defaults",
    parse: "boolean",
    description:
      "write no defaults into SidecarSets, only their hashes: applying a file again then changes nothing",
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
] as const satisfies readonly Setting[];

export type SettingKey = (typeof ALL)[number]["key"];

/** Everything that a controller process can be told, as data: help and reference need no schema. */
export const settings: readonly (Setting & { readonly key: SettingKey })[] = ALL;
