import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { injectedSidecarSets, isMarkedInjected } from "../annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { recordOf } from "../status/record.ts";
import { containerNames, runningContainers, runningSidecars } from "../status/containers.ts";

/** Why sidecars of a Pod are no longer needed. */
type SurplusCause = "SidecarSetDeleted" | "NotSelected" | "ContainerRemoved";

/** Sidecars of a Pod that are no longer needed. */
export interface Surplus {
  readonly cause: SurplusCause;
  /** Container names, native sidecars included; plain init containers have terminated. */
  readonly containers: readonly string[];
}

/** The SidecarSet whose sidecars are checked, and which of them are needed. */
export interface SurplusScope {
  readonly sidecarSet: string;
  /** The current SidecarSet of that name; undefined if it is deleted. */
  readonly current: PreparedSidecarSet | undefined;
  /** Whether the current selectors match. Canaries and excluded namespaces are ignored. */
  selects(pod: ObservedPod): boolean;
  /** Names of former sidecars, for Pods without records. */
  readonly knownSidecars: readonly string[];
}

/**
 * Sidecars of a SidecarSet in a Pod that a new Pod would not get. An invalid SidecarSet, or one pinned to a
 * revision, does not show which sidecars were removed.
 *
 * @returns undefined if there are none
 */
export function surplusOf(pod: ObservedPod, scope: SurplusScope): Surplus | undefined {
  if (!injectedSidecarSets(pod).includes(scope.sidecarSet)) return undefined;
  if (scope.current === undefined) {
    return surplus("SidecarSetDeleted", injectedContainers(pod, scope));
  }
  if (scope.current.problems.length > 0) return undefined;
  if (!scope.selects(pod)) return surplus("NotSelected", injectedContainers(pod, scope));
  const { spec } = scope.current.sidecarSet;
  if (spec.injectionStrategy?.revision !== undefined) return undefined;
  const listed = new Set([
    ...runningSidecars(scope.current.sidecarSet).flatMap((sidecar) => [
      sidecar.name,
      ...containerNames(sidecar),
    ]),
    ...(spec.initContainers ?? []).map(({ name }) => name),
  ]);
  // Most Pods have no other injected containers, so their records need not be read.
  const unlisted = (name: string) => !listed.has(name);
  if (!markedContainers(pod).some(unlisted)) return undefined;
  const removed = injectedContainers(pod, scope)
    .filter((name) => unlisted(name) && unlisted(sidecarNameOf(name, scope, pod)));
  return surplus("ContainerRemoved", removed);
}

function surplus(cause: SurplusCause, containers: readonly string[]): Surplus | undefined {
  return containers.length === 0 ? undefined : { cause, containers };
}

/** The Pod's running containers that are named in its record of the SidecarSet and marked as injected. */
function injectedContainers(pod: ObservedPod, scope: SurplusScope): string[] {
  const sidecars = sidecarsOf(pod, scope);
  const ofPair = sidecars.flatMap((name) => HOT_UPGRADE_SUFFIXES.map((suffix) => name + suffix));
  const names = new Set([...sidecars, ...ofPair]);
  return markedContainers(pod).filter((name) => names.has(name));
}

/** Running containers with the injection mark. */
function markedContainers(pod: ObservedPod): string[] {
  return runningContainers(pod).filter(isMarkedInjected).map(({ name }) => name);
}

function sidecarsOf(
  pod: ObservedPod,
  { sidecarSet, knownSidecars }: SurplusScope,
): readonly string[] {
  return recordOf(pod, sidecarSet).full?.sidecarList ?? knownSidecars;
}

/** The sidecar that a container of a hot-upgrade pair belongs to; any other container's own name. */
function sidecarNameOf(container: string, scope: SurplusScope, pod: ObservedPod): string {
  const base = container.slice(0, -HOT_UPGRADE_SUFFIXES[0].length);
  return sidecarsOf(pod, scope).includes(base) ? base : container;
}
