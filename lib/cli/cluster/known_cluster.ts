import type { ControllerRevision } from "../../api/objects.ts";
import { NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../core/prepared.ts";
import { settings } from "../../runtime/settings.ts";
import { listed } from "../terminal/output.ts";
import { CliError, type Terminal } from "../terminal/terminal.ts";
import type { Connection } from "./connection.ts";

/** The state of a cluster that decides about injection, from files, a live cluster or both. */
export interface KnownCluster {
  readonly sidecarSets: readonly PreparedSidecarSet[];
  readonly namespaces: ReadonlyMap<string, NamespaceFacts>;
  readonly revisions: readonly ControllerRevision[];
  /** Whether the API server has `pods/resize`; undefined if not known. */
  readonly hasResize?: boolean;
  /** Namespaces whose Pods are never injected; undefined if not known. */
  readonly excludedNamespaces?: readonly string[];
}

/** Looks up a namespace; an unknown one has only the label that every namespace has. */
export function namespaceOf({ namespaces }: KnownCluster, name: string): NamespaceFacts {
  return namespaces.get(name) ?? { name, labels: { [NAMESPACE_NAME_LABEL]: name } };
}

/** The error for an unknown name of a SidecarSet. */
export function unknownSidecarSet(name: string, known: readonly string[]): CliError {
  return new CliError(`Cannot find SidecarSet ${name}: the cluster has ${listed(known) || "none"}`);
}

/** Lays the SidecarSets and namespaces of another cluster over those with the same names. */
export function overlaid(cluster: KnownCluster, other: KnownCluster): KnownCluster {
  const replaced = new Set(other.sidecarSets.map(({ name }) => name));
  return {
    ...(cluster.hasResize === undefined ? {} : { hasResize: cluster.hasResize }),
    sidecarSets: [
      ...cluster.sidecarSets.filter(({ name }) => !replaced.has(name)),
      ...other.sidecarSets,
    ],
    namespaces: new Map([...cluster.namespaces, ...other.namespaces]),
    revisions: [...cluster.revisions, ...other.revisions],
  };
}

/** The options that exclude namespaces from injection. */
export interface ExclusionOptions {
  readonly excludeNamespaces: readonly string[];
  /** The controller's own namespace. */
  readonly systemNamespace: string;
}

/** What a command gets that needs a cluster only with some options. */
export interface MaybeLive {
  readonly terminal: Terminal;
  /** Undefined if the command works on files alone. */
  readonly connection?: Connection;
}

/** Whether the option has its default, so that what an installation excludes counts instead. */
export function hasDefaultExclusions(
  { excludeNamespaces }: Pick<ExclusionOptions, "excludeNamespaces">,
): boolean {
  const setting = settings.find(({ key }) => key === "excludeNamespaces");
  return excludeNamespaces.join() === setting?.default;
}

/**
 * The namespaces without injection: those that the webhook registration excludes, and those of the option. The option's
 * default counts only where the registration excludes none of the namespaces that this user can read.
 *
 * @param registered namespaces that the registration excludes
 */
export function excludedNamespacesOf(
  { excludeNamespaces, systemNamespace }: ExclusionOptions,
  registered: readonly string[],
): string[] {
  const given = hasDefaultExclusions({ excludeNamespaces }) && registered.length > 0
    ? []
    : excludeNamespaces;
  return [...new Set([...given, systemNamespace, ...registered])];
}
