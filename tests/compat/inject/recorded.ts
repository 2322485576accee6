import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { type InjectCase, sidecarsOf } from "./inject_case.ts";

/** The Pod that OpenKruise made, where there is exactly one. */
export function recordedPod({ result }: InjectCase): Pod | undefined {
  return "pod" in result ? result.pod : undefined;
}

/** The recorded result with each container changed that the SidecarSets bring. */
export function changeInjected(
  testCase: InjectCase,
  change: (container: Container) => Container,
): InjectCase["result"] {
  const pod = recordedPod(testCase);
  if (pod === undefined) return testCase.result;
  const names = new Set(ranksOf(testCase).keys());
  const changed = (container: Container) =>
    names.has(container.name) ? change(container) : container;
  const { containers, initContainers } = pod.spec;
  return {
    pod: {
      ...pod,
      spec: {
        ...pod.spec,
        containers: containers.map(changed),
        ...(initContainers === undefined ? {} : { initContainers: initContainers.map(changed) }),
      },
    },
  };
}

/**
 * The recorded result with the injected containers, before and behind the Pod's own, in the order of the SidecarSets'
 * names and their specs. Containers that were replaced in place stay there.
 */
export function inNameOrder(testCase: InjectCase): InjectCase["result"] {
  const pod = recordedPod(testCase);
  if (pod === undefined) return testCase.result;
  const ranks = ranksOf(testCase);
  const own = new Set(testCase.pod.spec.containers.map(({ name }) => name));
  const { containers } = pod.spec;
  const start = containers.findIndex(({ name }) => own.has(name));
  const end = containers.findLastIndex(({ name }) => own.has(name)) + 1;
  const sorted = (part: readonly Container[]) =>
    part.toSorted((a, b) => (ranks.get(a.name) ?? 0) - (ranks.get(b.name) ?? 0));
  return {
    pod: {
      ...pod,
      spec: {
        ...pod.spec,
        containers: [
          ...sorted(containers.slice(0, start)),
          ...containers.slice(start, end),
          ...sorted(containers.slice(end)),
        ],
      },
    },
  };
}

/** Place of each container that the SidecarSets bring when they are taken by name, pairs of hot upgrades included. */
function ranksOf({ sidecarSets }: InjectCase): ReadonlyMap<string, number> {
  const byName = sidecarSets.toSorted((a, b) =>
    (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1
  );
  const names = byName.flatMap(sidecarsOf).flatMap(({ sidecar: { name } }) => [
    name,
    `${name}-1`,
    `${name}-2`,
  ]);
  return new Map(names.map((name, rank) => [name, rank]));
}
