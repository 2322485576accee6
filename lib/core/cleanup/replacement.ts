import type { Container } from "../../api/container.ts";
import { isMirrorPod, type Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { foreignAnnotations } from "../pod_metadata/removal.ts";
import { unpatched } from "../pod_metadata/unpatched.ts";
import { recordsObstacle } from "../inject/admit.ts";
import type { Injection, InjectRequest } from "../inject/contract.ts";
import { type Reason, REASONS } from "../reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { REGISTRATION_SETTLE_SECONDS } from "../status/conditions.ts";
import { effectiveSinceOf } from "../status/effective_since.ts";

/** Why the sidecars would not be injected into a Pod's replacement. */
export interface ReplacementObstacle {
  readonly reason: Reason;
  readonly message: string;
}

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

/** The Pod as its workload recreates it: without status, node, and all injected parts. */
export function asRecreated(stored: Pod): Pod {
  const pod = unpatched(stored);
  const { name, generateName, namespace, labels, ownerReferences } = pod.metadata;
  const { nodeName: _nodeName, initContainers, ...spec } = pod.spec;
  const own = (container: Container) => !isMarkedInjected(container);
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(generateName === undefined ? {} : { generateName }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      annotations: foreignAnnotations(pod),
    },
    spec: {
      ...spec,
      containers: spec.containers.filter(own),
      ...(initContainers ? { initContainers: initContainers.filter(own) } : {}),
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
): ReplacementObstacle | undefined {
  const { sidecarSet, excludedNamespaces, request } = facts;
  const { namespace = "" } = pod.metadata;
  if (isMirrorPod(pod)) return because("MirrorPod");
  if (excludedNamespaces.has(namespace)) return because("NamespaceExcluded");
  const recreated = asRecreated(pod);
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
export function missedReason(pod: Pod, facts: ReplacementFacts): ReplacementObstacle {
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

function because(reason: Reason): ReplacementObstacle {
  return { reason, message: REASONS[reason] };
}
