import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { endsWithMain, runsToCompletion } from "../annotations/terminate_marks.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { containerNames } from "../status/sidecars.ts";
import { hasMainEnded } from "../status/main_containers.ts";

/** Containers of one SidecarSet that keep a Pod that runs to completion from completing. */
export interface EndlessSidecars {
  readonly containers: readonly string[];
  /** Whether the Pod's main containers have terminated. */
  readonly areWaitedFor: boolean;
}

/**
 * Finds sidecars with `completionPolicy: Wait` in a Pod that runs to completion. Whether they exit on their own is
 * unknown.
 *
 * @returns undefined if there are none
 */
export function endlessSidecars(
  pod: Pod,
  { sidecarSet }: PreparedSidecarSet,
): EndlessSidecars | undefined {
  const { spec: { restartPolicy, containers }, status } = pod;
  if (!runsToCompletion(restartPolicy)) return undefined;
  const waiting = new Set(
    (sidecarSet.spec.containers ?? [])
      .filter(({ completionPolicy }) => completionPolicy !== "TerminateWithMain")
      .flatMap(containerNames),
  );
  const hasTerminated = (name: string) =>
    status?.containerStatuses?.some((each) => each.name === name && each.state?.terminated);
  const endless = containers.filter((container) =>
    waiting.has(container.name) && isMarkedInjected(container) && !endsWithMain(container) &&
    !hasTerminated(container.name)
  );
  if (endless.length === 0) return undefined;
  return { containers: endless.map(({ name }) => name), areWaitedFor: hasMainEnded(pod) };
}
