import type { Container } from "../../api/container.ts";
import { TERMINATED_CONDITION } from "../../api/names.ts";
import type { Pod, PodCondition } from "../../api/pod.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { injectedSidecarSets, isMarkedInjected } from "../annotations/injected_list.ts";
import {
  endsWithMain,
  runsToCompletion,
  terminationImage,
} from "../annotations/terminate_marks.ts";
import { TERMINATION_REASONS, type TerminationReason } from "../condition_reasons.ts";
import { rfc3339 } from "../rfc3339.ts";
import { hasEnded, type MainResult, resultOf } from "../status/main_containers.ts";
import { containerNames } from "../status/sidecars.ts";

/**
 * When the phase was set, to the millisecond: another value each time. A kubelet acts at once only on changes of the spec, labels and
 * annotations. A phase alone it notices when it looks at the Pod by itself, every 60 to 90 s, and every 10 s it sets its own one again
 * (`pkg/kubelet/config/config.go:podsDifferSemantically`, `pkg/kubelet/status/status_manager.go:syncBatch`).
 */
const TERMINATED_AT_ANNOTATION = "kruise.io/sidecar-terminated-at";

/** What the end of a Pod's sidecars depends on beside the Pod. */
export interface TerminationFacts {
  /** The SidecarSet of this name as it is now. */
  sidecarSet(name: string): SidecarSet | undefined;
  /** Whether the Pod's node is a virtual one, on which the API server's phase ends nothing. */
  readonly virtualNode: boolean;
  readonly now: Date;
}

/** How to end a Pod's sidecars. uid and resourceVersion of the patches are preconditions, so that no newer state is overwritten. */
export type Termination =
  /** A strategic merge patch of the Pod's status: the kubelet tears a Pod down whose phase is terminal, and keeps that phase. */
  | { readonly kind: "Phase"; readonly reason: TerminationReason; readonly patch: object }
  /** A strategic merge patch of the Pod: the images end by themselves. */
  | { readonly kind: "Images"; readonly patch: object }
  /** Nothing that can be changed would end these. */
  | { readonly kind: "Impossible"; readonly containers: readonly string[] };

/**
 * Decides how to end the sidecars of a Pod whose main containers have ended; undefined where there is nothing to end.
 *
 * It is for Pods that run to completion and have a main container (B-49). With restartPolicy `OnFailure` a main container that failed will be
 * restarted, so it has not ended. The phase follows the main containers alone (D-6). Native sidecars are ended by the kubelet.
 * Source: `pkg/controller/sidecarterminator/sidecar_terminator_controller.go:doReconcile`, which restarts containers by a daemon instead.
 */
export function decideTermination(pod: Pod, facts: TerminationFacts): Termination | undefined {
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
  const metadata = { ...preconditions(pod), annotations };
  const status = { phase: main, conditions: [condition] };
  return { kind: "Phase", reason, patch: { metadata, status } };
}

/** Whether a Pod's sidecars are to be ended now, however that is done. */
export function awaitsTermination(
  pod: Pod,
  facts: Pick<TerminationFacts, "sidecarSet">,
): boolean {
  return mainResult(pod, facts) !== undefined;
}

/** How the main containers have ended; undefined while they have not, or there is no sidecar to end. */
function mainResult(
  pod: Pod,
  facts: Pick<TerminationFacts, "sidecarSet">,
): MainResult | undefined {
  const { metadata, spec, status } = pod;
  const { restartPolicy = "Always" } = spec;
  // A sidecar that cannot be started keeps the Pod pending, whatever has become of the main containers.
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
 * Which containers end with the main ones. The decision is in the Pod: `completionPolicy: TerminateWithMain` becomes OpenKruise's environment
 * variable at injection, so that it holds at whatever revision the Pod has and when the SidecarSet is gone, and OpenKruise understands it too.
 * What the SidecarSet says now counts beside it, for Pods that were injected before it said so.
 */
function terminatedWithMain(
  pod: Pod,
  { sidecarSet }: Pick<TerminationFacts, "sidecarSet">,
): (container: Container) => boolean {
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

/** A virtual node's provider does not read the phase; only a container's own end is certain there. */
function swapImages(pod: Pod, facts: TerminationFacts): Termination | undefined {
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
    return { kind: "Images", patch: { metadata: preconditions(pod), spec: { containers } } };
  }
  const endless = running.filter((container) => terminationImage(container) === undefined);
  if (endless.length === 0) return undefined;
  return { kind: "Impossible", containers: endless.map(({ name }) => name) };
}

function preconditions({ metadata: { uid, resourceVersion } }: Pod) {
  return { uid, resourceVersion };
}
