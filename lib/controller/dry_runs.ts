import type { Clock } from "../api/clock.ts";
import type { ReplacementFacts } from "../core/cleanup/replacement.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import { createInjector } from "../core/inject/inject.ts";
import type { ClusterIndex } from "../index/cluster.ts";

interface DryRunOptions {
  readonly index: ClusterIndex;
  readonly clock: Clock;
  readonly excludedNamespaces: readonly string[];
}

/** What a dry run of the injection of a new Pod depends on. */
export type DryRunFacts = Omit<ReplacementFacts, "sidecarSet" | "revision">;

/** Creates the source of a dry run's facts, by the Pod's namespace and labels. */
export function createDryRuns(
  { index, clock, excludedNamespaces }: DryRunOptions,
): (pod: Pick<ObservedPod, "metadata">) => DryRunFacts {
  const injector = createInjector();
  const excluded = new Set(excludedNamespaces);
  return ({ metadata }) => {
    const namespace = index.namespace(metadata.namespace ?? "");
    return {
      excludedNamespaces: index.isExcluded(namespace)
        ? new Set([...excluded, namespace.name])
        : excluded,
      inject: (request) => injector.inject(request),
      request: {
        namespace,
        selecting: index.sidecarSets.match(metadata.labels ?? {}, namespace),
        match: (labels) => index.sidecarSets.match(labels, namespace),
        revisionsOf: (name) => index.revisions.of(name),
        sharesOf: (name) => index.sharesOf(name),
        now: clock.now(),
      },
    };
  };
}
