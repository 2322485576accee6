import type { Pod } from "../../api/pod.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { recordOf } from "./record.ts";
import { containerNames, findContainer } from "./sidecars.ts";

/**
 * Parts that other webhooks removed from recorded sidecars of a Pod, without which they or the Pod cannot work. The
 * second call of an injection restores them, but a webhook called later can remove them again.
 *
 * @returns undefined if nothing is missing
 */
export function strippedPart(pod: Pod, prepared: PreparedSidecarSet): string | undefined {
  const { full } = recordOf(pod, prepared.name);
  const recorded = new Set(full?.sidecarList ?? []);
  const { initContainers = [], containers = [] } = prepared.sidecarSet.spec;
  // Plain init containers are not recorded, so a recorded init container is a native sidecar.
  const native = pod.spec.initContainers?.find(({ name, restartPolicy }) =>
    restartPolicy !== "Always" &&
    initContainers.some((sidecar) =>
      recorded.has(sidecar.name) && containerNames(sidecar).includes(name)
    )
  );
  if (native !== undefined) {
    return `init container ${native.name} has lost its restartPolicy Always to another webhook, ` +
      "so the Pod waits in Init for it to end";
  }
  if (full?.hash !== prepared.hash) return undefined;
  const lost = [...initContainers, ...containers].filter(({ name }) => recorded.has(name))
    .flatMap(containerNames)
    .find((name) => findContainer(pod, name) === undefined);
  return lost === undefined
    ? undefined
    : `container ${lost} was injected and then removed by another webhook`;
}
