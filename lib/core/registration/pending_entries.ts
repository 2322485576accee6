import { PENDING_SELECTIONS_ANNOTATION } from "../../api/names.ts";
import {
  PATHS,
  type WebhookClientConfig,
  type WebhookConfiguration,
  type WebhookEntry,
} from "../../api/webhook_configuration.ts";
import { type PodEntriesOptions, separateEntries } from "./entries.ts";
import { narrowedAs } from "./exclusions.ts";
import {
  pendingAnnotation,
  pendingIn,
  type PendingSelection,
  type SelectionOrigin,
  selectsAllPods,
  withPending,
} from "./pending.ts";

const PREFIX = "pending-";

/**
 * The entries for pending selections. The path of each names its SidecarSets, so that a replica that does not know
 * them reads them.
 */
export function pendingEntries(
  pending: readonly PendingSelection[],
  options: PodEntriesOptions,
): { entries: WebhookEntry[]; uncovered: ReadonlySet<PendingSelection> } {
  return separateEntries(pending, {
    ...options,
    prefix: PREFIX,
    configOf: (members) => withPath(options.clientConfig, PATHS.mutatePod + originsPath(members)),
  });
}

function isPendingEntry({ name }: WebhookEntry): boolean {
  return name.startsWith(PREFIX);
}

/** The configuration without pending selections, as it was planned. */
export function withoutPending(configuration: WebhookConfiguration): WebhookConfiguration {
  const { metadata, webhooks } = configuration;
  const { [PENDING_SELECTIONS_ANNOTATION]: pending, ...annotations } = metadata.annotations ?? {};
  if (pending === undefined && !webhooks?.some(isPendingEntry)) return configuration;
  return {
    ...configuration,
    metadata: { ...metadata, annotations },
    webhooks: (webhooks ?? []).filter((entry) => !isPendingEntry(entry)),
  };
}

/** When the selection of all Pods was added that a pending entry of the configuration has; undefined without one. */
export function allPodsSince({ metadata, webhooks }: WebhookConfiguration): string | undefined {
  const since = pendingIn(metadata).find(selectsAllPods)?.since;
  const hasEntry = (webhooks ?? []).some((entry) => {
    const { service, url = "" } = entry.clientConfig;
    return isPendingEntry(entry) && readOrigins(service?.path ?? url).some(selectsAllPods);
  });
  return hasEntry ? since : undefined;
}

/**
 * Adds pending selections to a MutatingWebhookConfiguration. Other entries stay unchanged, as the leader may know
 * more than this process.
 *
 * @returns the same configuration if it covers them; undefined if it has no entry of this program to copy the address
 * from, or no room
 */
export function widened(
  configuration: WebhookConfiguration,
  added: readonly PendingSelection[],
  { excludedNamespaces }: Pick<PodEntriesOptions, "excludedNamespaces">,
): { configuration: WebhookConfiguration; uncovered: ReadonlySet<PendingSelection> } | undefined {
  const { metadata: { managedFields: _managedFields, ...metadata }, webhooks = [] } = configuration;
  const others = webhooks.filter((entry) => !isPendingEntry(entry));
  const last = others.at(-1);
  if (last === undefined) return undefined;
  const known = pendingIn(metadata);
  const pending = withPending(known, added);
  if (pending === undefined) return undefined;
  if (pending === known) return { configuration, uncovered: new Set() };
  const { entries, uncovered } = pendingEntries(pending, {
    excludedNamespaces,
    clientConfig: last.clientConfig,
    mayFail: (metadata.ownerReferences ?? []).length > 0,
  });
  return {
    configuration: {
      ...configuration,
      metadata: {
        ...metadata,
        annotations: { ...metadata.annotations, ...pendingAnnotation(pending) },
      },
      // The entry for SidecarSets stays last.
      webhooks: [
        ...others.slice(0, -1),
        ...entries.map((entry) => narrowedAs(entry, last)),
        last,
      ],
    },
    uncovered,
  };
}

/**
 * Suffix of the path of Pod reviews in a pending entry. Each part is a DNS-1123 subdomain, as a service's path
 * requires.
 */
export function originsPath(origins: readonly SelectionOrigin[]): string {
  return origins.map(({ name, uid, generation }) => `/${generation}.${uid}/${name}`).join("");
}

/** Parses the suffix of {@linkcode originsPath}; other forms are ignored. */
export function readOrigins(path: string): SelectionOrigin[] {
  const origins: SelectionOrigin[] = [];
  for (const [, generation = "", uid = "", name = ""] of path.matchAll(ORIGIN)) {
    origins.push({ name, uid, generation: Number(generation) });
  }
  return origins;
}

const ORIGIN = /\/(\d{1,15})\.([^/]+)\/([^/]+)/g;

function withPath(config: WebhookClientConfig, path: string): WebhookClientConfig {
  const { service, url, ...rest } = config;
  if (service !== undefined) return { ...rest, service: { ...service, path } };
  const known = Object.values(PATHS).find((each) => url?.endsWith(each)) ?? "";
  return { ...rest, url: `${url?.slice(0, -known.length || undefined) ?? ""}${path}` };
}
