import { ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";

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

/** The container that `kubectl logs`, `exec`, `attach` and `cp` take where none is named; without it, the first one. */
export const DEFAULT_CONTAINER_ANNOTATION = "kubectl.kubernetes.io/default-container";

/**
 * The container of the Pod that people mean when they name none, where sidecars are put in front of it; undefined where the Pod says it itself,
 * or nothing is put in front.
 */
export function defaultContainer(
  pod: Pod,
  injected: readonly InjectedContainers[],
): string | undefined {
  if (ownMember(pod.metadata.annotations, DEFAULT_CONTAINER_ANNOTATION) !== undefined) {
    return undefined;
  }
  const { containers } = pod.spec;
  const names = new Set(containers.map(({ name }) => name));
  // What takes another container's place stands where that one did.
  const isInFront = injected.some(({ sidecars }) =>
    sidecars.some(({ list, inFront, containers: planned }) =>
      list === "containers" && inFront && planned.some(({ name }) => !names.has(name))
    )
  );
  if (!isInFront) return undefined;
  return containers.find((each) =>
    !injected.some(({ containerNames }) => containerNames.has(each.name)) && !isMarkedInjected(each)
  )?.name;
}

/** Whether the annotation is as an injection writes it: the first container is injected, and the first one of the Pod's own is named. */
export function isNamedByInjection({ metadata, spec: { containers } }: Pod): boolean {
  const named = ownMember(metadata.annotations, DEFAULT_CONTAINER_ANNOTATION);
  const [first] = containers;
  return named !== undefined && first !== undefined && isMarkedInjected(first) &&
    containers.find((each) => !isMarkedInjected(each))?.name === named;
}
