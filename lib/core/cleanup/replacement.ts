import type { Container } from "../../api/container.ts";
import { isMirrorPod, type Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";
import { foreignAnnotations } from "../pod_metadata/removal.ts";
import { recordsObstacle } from "../inject/admit.ts";
import type { Injection, InjectRequest } from "../inject/contract.ts";
import { type Reason, REASONS } from "../reasons.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { REGISTRATION_SETTLE_SECONDS } from "../status/conditions.ts";
import { effectiveSinceOf } from "../status/effective_since.ts";

/** What is in the way of a Pod's getting a SidecarSet's sidecars. */
export interface ReplacementObstacle {
  readonly reason: Reason;
  readonly message: string;
}

/** What a replacement's injection depends on beside the Pod. */
export interface ReplacementFacts {
  /** Name of the SidecarSet that the replacement is to get. */
  readonly sidecarSet: string;
  /** The revision that it is to get; any when absent. */
  readonly revision?: string;
  readonly excludedNamespaces: ReadonlySet<string>;
  /** All that an injection depends on, as the webhook has it. */
  readonly request: Omit<InjectRequest, "pod">;
  inject(request: InjectRequest): Injection;
}

/** A Pod as it would come to the webhook if it were created anew: without its status and all that was injected into it. */
export function asRecreated(pod: Pod): Pod {
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

/** A dry run of the injection for a Pod's replacement: what would keep the SidecarSet out of it; undefined where nothing would. */
export function replacementObstacle(
  pod: Pod,
  facts: ReplacementFacts,
): ReplacementObstacle | undefined {
  const { sidecarSet, excludedNamespaces, request } = facts;
  const { namespace = "" } = pod.metadata;
  if (isMirrorPod(pod)) return because("MirrorPod");
  if (excludedNamespaces.has(namespace)) return because("NamespaceExcluded");
  const { injected, skipped } = facts.inject({ ...request, pod: asRecreated(pod) });
  const found = injected.find((each) => each.sidecarSet === sidecarSet);
  if (found !== undefined) {
    const { revision = found.revision } = facts;
    return found.revision === revision ? undefined : because("OldRevisionPinned");
  }
  const skip = skipped.find((each) => each.sidecarSet === sidecarSet);
  return skip ? { reason: skip.reason, message: skip.message } : because("NotSelected");
}

/**
 * Why a Pod was missed, as far as it can be known afterwards: what would keep the SidecarSet out of it now as well, records of another Pod that
 * it was created with and that cannot be read, that it was created in the first seconds of the selection, or else that no webhook that was
 * ready was asked.
 */
export function missedReason(pod: Pod, facts: ReplacementFacts): ReplacementObstacle {
  const found = replacementObstacle(pod, facts) ?? recordsObstacle(pod);
  if (found !== undefined) return found;
  const { sidecarSet, request: { selecting } } = facts;
  const prepared = selecting.find(({ name }) => name === sidecarSet);
  return because(prepared && isCreatedTogether(pod, prepared) ? "CreatedTogether" : "NotReviewed");
}

/** Whether the Pod was created before API servers and replicas have surely known the selection, as `Ready` says. */
function isCreatedTogether({ metadata }: Pod, prepared: PreparedSidecarSet): boolean {
  const since = effectiveSinceOf(prepared, prepared.sidecarSet.status);
  const age = Date.parse(metadata.creationTimestamp ?? "") - Date.parse(since ?? "");
  return age < REGISTRATION_SETTLE_SECONDS * 1_000;
}

function because(reason: Reason): ReplacementObstacle {
  return { reason, message: REASONS[reason] };
}
