import type { Container } from "../../api/container.ts";
import { isMirrorPod, type Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { foreignAnnotations } from "../pod_metadata/removal.ts";
import { unpatched, unpatchedLabels } from "../pod_metadata/unpatched.ts";
import { recordsObstacle } from "../inject/admit.ts";
import type { Injection, InjectRequest } from "../inject/contract.ts";
import type { ObservedContainer, ObservedPod } from "../observed_pod.ts";
import { because, type Obstacle, type Reason } from "../reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { REGISTRATION_SETTLE_SECONDS } from "../status/conditions.ts";
import { effectiveSinceOf } from "../status/effective_since.ts";

/** Input of the dry run in addition to the Pod. */
export interface ReplacementFacts {
  /** Name of the SidecarSet to inject. */
  readonly sidecarSet: string;
  /** Name of the revision to inject; any when absent. */
  readonly revision?: string;
  readonly excludedNamespaces: ReadonlySet<string>;
  /** The webhook's input for an injection. */
  readonly request: Omit<InjectRequest, "pod">;
  inject(request: InjectRequest): Injection;
}

/**
 * Reasons that a dry run finds without the fields that the index drops. Any other, such as a missing volume, can be
 * due to a dropped field.
 */
const OBSERVABLE_REASONS: ReadonlySet<Reason> = new Set([
  "CanaryTakesOver",
  "ContainerNameConflict",
  "InjectionPaused",
  "InvalidSidecarSet",
  "MirrorPod",
  "NamespaceExcluded",
  "NotSelected",
  "OldRevisionPinned",
  "RevisionNotFound",
]);

/** The Pod as its workload recreates it: without status, node, and all injected parts. */
export function asRecreated(stored: Pod): Pod {
  const pod = unpatched(stored);
  const { generateName } = pod.metadata;
  const { nodeName: _nodeName, initContainers, ...spec } = pod.spec;
  const own = (container: Container) => !isMarkedInjected(container);
  return {
    metadata: {
      ...recreatedMetadata(pod),
      ...(generateName === undefined ? {} : { generateName }),
    },
    spec: {
      ...spec,
      containers: spec.containers.filter(own),
      ...(initContainers ? { initContainers: initContainers.filter(own) } : {}),
    },
  };
}

function recreatedMetadata(pod: ObservedPod): Pod["metadata"] {
  const { name, namespace, ownerReferences } = pod.metadata;
  const labels = unpatchedLabels(pod);
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
    annotations: foreignAnnotations(pod),
  };
}

/** The recreated Pod as far as the observed one shows it. */
function asObservedRecreated(pod: ObservedPod): Pod {
  const { containers, initContainers, restartPolicy } = pod.spec;
  const own = (list: readonly ObservedContainer[]): Container[] =>
    list.filter((each) => !isMarkedInjected(each)).map(({ name, restartPolicy }) => ({
      name,
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    }));
  return {
    metadata: recreatedMetadata(pod),
    spec: {
      containers: own(containers),
      ...(initContainers ? { initContainers: own(initContainers) } : {}),
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
    },
  };
}

/**
 * Runs the injection for a Pod's replacement without creating it.
 *
 * @returns why the SidecarSet would not be injected; undefined if it would be
 */
export function replacementObstacle(
  pod: Pod,
  facts: ReplacementFacts,
): Obstacle | undefined {
  return obstacleOf(pod, asRecreated(pod), facts);
}

/**
 * The same dry run for an observed Pod: whether reading the whole Pod is worth a request.
 *
 * @returns an obstacle that the whole Pod has too; undefined if only {@linkcode replacementObstacle} can tell
 */
export function observedObstacle(
  pod: ObservedPod,
  facts: ReplacementFacts,
): Obstacle | undefined {
  const obstacle = obstacleOf(pod, asObservedRecreated(pod), facts);
  return obstacle && OBSERVABLE_REASONS.has(obstacle.reason) ? obstacle : undefined;
}

function obstacleOf(
  pod: ObservedPod,
  recreated: Pod,
  facts: ReplacementFacts,
): Obstacle | undefined {
  const { sidecarSet, excludedNamespaces, request } = facts;
  const { namespace = "" } = pod.metadata;
  if (isMirrorPod(pod)) return because("MirrorPod");
  if (excludedNamespaces.has(namespace)) return because("NamespaceExcluded");
  const selecting = request.match(recreated.metadata.labels ?? {});
  const { injected, skipped } = facts.inject({ ...request, pod: recreated, selecting });
  const found = injected.find((each) => each.sidecarSet === sidecarSet);
  if (found !== undefined) {
    const { revision = found.revision } = facts;
    return found.revision === revision ? undefined : because("OldRevisionPinned");
  }
  const skip = skipped.find((each) => each.sidecarSet === sidecarSet);
  return skip ? { reason: skip.reason, message: skip.message } : because("NotSelected");
}

/**
 * The most likely reason why a Pod was missed: an obstacle that would stop the injection now too, unreadable
 * records copied from another Pod, creation in the first seconds of the selection, or else that no ready webhook
 * was called.
 */
export function missedReason(pod: Pod, facts: ReplacementFacts): Obstacle {
  const found = replacementObstacle(pod, facts) ?? recordsObstacle(pod);
  if (found !== undefined) return found;
  const { sidecarSet, request: { selecting } } = facts;
  const prepared = selecting.find(({ name }) => name === sidecarSet);
  return because(prepared && isCreatedTogether(pod, prepared) ? "CreatedTogether" : "NotReviewed");
}

/**
 * Whether the Pod was created before all API servers and replicas can know the selection; `Ready` waits as long.
 */
function isCreatedTogether({ metadata }: Pod, prepared: PreparedSidecarSet): boolean {
  const since = effectiveSinceOf(prepared, prepared.sidecarSet.status);
  const age = Date.parse(metadata.creationTimestamp ?? "") - Date.parse(since ?? "");
  return age < REGISTRATION_SETTLE_SECONDS * 1_000;
}
