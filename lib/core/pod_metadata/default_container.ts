import { ownMember } from "../../api/json.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import type { ObservedPod } from "../observed_pod.ts";

/** The containers that a SidecarSet adds to a Pod. */
export interface InjectedContainers {
  readonly containerNames: ReadonlySet<string>;
  readonly sidecars: readonly {
    readonly sidecar: { readonly name: string };
    readonly list: "initContainers" | "containers";
    readonly inFront: boolean;
    /** One container, or the two of a hot-upgrade pair. */
    readonly containers: readonly { readonly name: string }[];
  }[];
}

/**
 * The container for `kubectl logs`, `exec`, `attach` and `cp` without a container name; the first one if it is not
 * set.
 */
export const DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";

/**
 * The Pod's first own container, if sidecars are placed before it; undefined if the Pod has the annotation already,
 * or no sidecar comes first.
 */
export function defaultContainer(
  pod: ObservedPod,
  injected: readonly InjectedContainers[],
): string | undefined {
  if (ownMember(pod.metadata.annotations, DEFAULT_CONTAINER_ANNOTATION) !== undefined) {
    return undefined;
  }
  const { containers } = pod.spec;
  // A sidecar that replaces a container takes that container's place.
  const isInFront = injected.some(({ sidecars }) =>
    sidecars.some(({ list, inFront, containers: planned }) =>
      list === "containers" && inFront &&
      planned.some((each) => !containers.some(({ name }) => name === each.name))
    )
  );
  if (!isInFront) return undefined;
  return containers.find((each) =>
    !injected.some(({ containerNames }) => containerNames.has(each.name)) && !isMarkedInjected(each)
  )?.name;
}

/**
 * Whether the annotation has the value that an injection writes: the first container is injected, and the first own
 * container is named.
 */
export function isNamedByInjection({ metadata, spec: { containers } }: ObservedPod): boolean {
  const named = ownMember(metadata.annotations, DEFAULT_CONTAINER_ANNOTATION);
  const [first] = containers;
  return named !== undefined && first !== undefined && isMarkedInjected(first) &&
    containers.find((each) => !isMarkedInjected(each))?.name === named;
}
