import { TERMINATED_CONDITION } from "../../api/names.ts";
import type { PodCondition } from "../../api/pod.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { injectedSidecarSets, isMarkedInjected } from "../annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { TERMINATION_REASONS, type TerminationReason } from "../reasons.ts";
import { preconditionsOf, rfc3339 } from "../../api/meta.ts";
import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import {
  containerNames,
  hasEnded,
  hasMainEnded,
  type MainResult,
  resultOf,
} from "../status/containers.ts";
import {
  endsWithMain,
  runsToCompletion,
  terminationImage,
} from "../annotations/terminate_marks.ts";

/**
 * Time at which the phase was set, in milliseconds: a changed annotation makes the kubelet sync the Pod
 * immediately. It ignores a change of the phase alone until its periodic sync (60 to 90 s), and overwrites it every
 * 10 s (`pkg/kubelet/config/config.go:podsDifferSemantically`, `pkg/kubelet/status/status_manager.go:syncBatch`).
 */
const TERMINATED_AT_ANNOTATION = "kruise.io/sidecar-terminated-at";

/** Input of {@linkcode decideTermination} in addition to the Pod. */
interface TerminationFacts {
  /** The current SidecarSet of this name. */
  sidecarSet(name: string): SidecarSet | undefined;
  /** Whether the Pod runs on a virtual node, where a terminal phase in the API stops no container. */
  readonly virtualNode: boolean;
  readonly now: Date;
}

/** How to terminate a Pod's sidecars. Patches carry uid and resourceVersion as preconditions. */
export type Termination =
  /**
   * A strategic merge patch for the Pod's status. The kubelet tears down a Pod whose phase is terminal, and keeps
   * the phase.
   */
  | { readonly kind: "Phase"; readonly reason: TerminationReason; readonly patch: object }
  /** A strategic merge patch for the Pod, with images that exit. */
  | { readonly kind: "Images"; readonly patch: object }
  /** These containers name no image that exits. */
  | { readonly kind: "Impossible"; readonly containers: readonly string[] };

/**
 * Decides how to terminate the sidecars of a Pod whose main containers have terminated.
 *
 * Applies to Pods that run to completion and have a main container (B-49). With restartPolicy `OnFailure`, a failed
 * main container has not terminated, as it will be restarted. Only main containers decide the phase (D-6). The
 * kubelet terminates native sidecars.
 * Source: `pkg/controller/sidecarterminator/sidecar_terminator_controller.go:doReconcile`, which restarts
 * containers through a daemon instead.
 *
 * @returns undefined if there is nothing to terminate
 */
export function decideTermination(
  pod: ObservedPod,
  facts: TerminationFacts,
): Termination | undefined {
  const main = mainResult(pod, facts);
  if (main === undefined) return undefined;
  if (facts.virtualNode) return swapImages(pod, facts);
  const reason = main === "Failed" ? "MainContainersFailed" : "MainContainersSucceeded";
  const condition: PodCondition = {
    type: TERMINATED_CONDITION,
    status: "True",
    reason,
    message: `The sidecars were ended because ${TERMINATION_REASONS[reason]}`,
    lastTransitionTime: rfc3339(facts.now),
  };
  const annotations = { [TERMINATED_AT_ANNOTATION]: facts.now.toISOString() };
  const metadata = { ...preconditionsOf(pod), annotations };
  const status = { phase: main, conditions: [condition] };
  return { kind: "Phase", reason, patch: { metadata, status } };
}

/** Whether a Pod's sidecars must be terminated now. */
export function awaitsTermination(
  pod: ObservedPod,
  facts: Pick<TerminationFacts, "sidecarSet">,
): boolean {
  return mainResult(pod, facts) !== undefined;
}

/** Result of the main containers; undefined while one runs, or there is no sidecar to terminate. */
function mainResult(
  pod: ObservedPod,
  facts: Pick<TerminationFacts, "sidecarSet">,
): MainResult | undefined {
  const { metadata, spec, status } = pod;
  const { restartPolicy = "Always" } = spec;
  // A sidecar that cannot start keeps the Pod pending, even if the main containers have terminated.
  if (status?.phase !== "Running" && status?.phase !== "Pending") return undefined;
  if (!runsToCompletion(restartPolicy)) return undefined;
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const { containerStatuses = [] } = status;
  if (containerStatuses.length !== spec.containers.length) return undefined;
  const ends = terminatedWithMain(pod, facts);
  const main = spec.containers.filter((container) => !ends(container));
  if (main.length === 0 || main.length === spec.containers.length) return undefined;
  const ended = main.map((container) => ({
    container,
    state: containerStatuses.find(({ name }) => name === container.name)?.state,
  }));
  return ended.every((each) => hasEnded(each, restartPolicy)) ? resultOf(ended) : undefined;
}

/**
 * Containers that terminate with the main containers. Injection writes `completionPolicy: TerminateWithMain` into
 * the Pod as OpenKruise's environment variable, so it applies to every revision, after the SidecarSet's deletion,
 * and under OpenKruise. The current SidecarSet counts as well, for Pods injected before it had the policy.
 */
function terminatedWithMain(
  pod: ObservedPod,
  { sidecarSet }: Pick<TerminationFacts, "sidecarSet">,
): (container: ObservedContainer) => boolean {
  const now = new Set<string>();
  for (const name of injectedSidecarSets(pod)) {
    for (const sidecar of sidecarSet(name)?.spec.containers ?? []) {
      if (sidecar.completionPolicy !== "TerminateWithMain") continue;
      for (const container of containerNames(sidecar)) now.add(container);
    }
  }
  return (container) =>
    endsWithMain(container) ||
    (now.has(container.name) && isMarkedInjected(container));
}

/** Providers of virtual nodes ignore the phase; only a container that exits is certain to end. */
function swapImages(pod: ObservedPod, facts: TerminationFacts): Termination | undefined {
  const ends = terminatedWithMain(pod, facts);
  const running = pod.spec.containers.filter((container) =>
    ends(container) &&
    pod.status?.containerStatuses?.find(({ name }) => name === container.name)?.state
        ?.terminated === undefined
  );
  const containers = running.flatMap((container) => {
    const image = terminationImage(container);
    return image === undefined || image === container.image
      ? []
      : [{ name: container.name, image }];
  });
  if (containers.length > 0) {
    return { kind: "Images", patch: { metadata: preconditionsOf(pod), spec: { containers } } };
  }
  const endless = running.filter((container) => terminationImage(container) === undefined);
  if (endless.length === 0) return undefined;
  return { kind: "Impossible", containers: endless.map(({ name }) => name) };
}

/** Containers of one SidecarSet that keep a Pod that runs to completion from completing. */
interface EndlessSidecars {
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
  pod: ObservedPod,
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
