import type { ControllerRevision } from "../../api/objects.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { policyObstacles } from "../../core/admission_policy/blockers.ts";
import { revisionOwner } from "../../core/revision/controller_revision.ts";
import { planMechanisms } from "../../core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { Obstacle } from "../../core/reasons.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import { conditionOf } from "./rollout_state.ts";

/** What injects a SidecarSet into new Pods. */
export interface Mechanism {
  readonly name: "Webhook" | "Policy";
  /** Why the webhook does, although the SidecarSet asks for the policy. */
  readonly fallback?: { readonly reason: string; readonly message: string };
}

/** Reasons of the condition Ready with which the webhook injects a SidecarSet that asks for the policy. */
const FALLBACKS: ReadonlySet<string> = new Set(
  [
    "PolicyUnavailable",
    "PolicyUnsupported",
    "PolicyOrderConflict",
    "PolicyTooLarge",
  ] satisfies Obstacle["reason"][],
);

/** The mechanism of a stored SidecarSet, by its status. */
export function mechanismOf({ spec, status = {} }: SidecarSet): Mechanism {
  if (spec.injectionStrategy?.mechanism !== "Policy") return { name: "Webhook" };
  const ready = conditionOf(status, "Ready");
  if (ready === undefined || !FALLBACKS.has(ready.reason)) return { name: "Policy" };
  const { reason, message } = ready;
  return { name: "Webhook", fallback: { reason, message } };
}

/** What the choice of the mechanism is explained by. */
interface MechanismContext {
  /** All SidecarSets that can select the same Pods. */
  readonly sidecarSets: readonly PreparedSidecarSet[];
  readonly revisions: readonly ControllerRevision[];
}

/** What would keep a SidecarSet with the webhook if it asked for the policy; empty if nothing would. */
export function obstaclesToPolicy(
  prepared: PreparedSidecarSet,
  { sidecarSets, revisions }: MechanismContext,
): readonly Obstacle[] {
  const own = policyObstacles(prepared.sidecarSet);
  if (own.length > 0) return own;
  const asking = askingForPolicy(prepared);
  const { webhook } = planMechanisms({
    sidecarSets: [...sidecarSets.filter(({ name }) => name !== prepared.name), asking],
    revisionsOf: (name) => revisions.filter((each) => revisionOwner(each) === name),
    excludedNamespaces: [],
  });
  const obstacle = webhook.get(prepared.name);
  // A pinned revision may be known to the cluster only.
  return obstacle === undefined || obstacle.reason === "RevisionNotFound" ? [] : [obstacle];
}

/** The mechanism that a SidecarSet will have where the API server serves policies. */
export function plannedMechanism(
  prepared: PreparedSidecarSet,
  context: MechanismContext,
): Mechanism {
  if (!usesPolicy(prepared)) return { name: "Webhook" };
  const [fallback] = obstaclesToPolicy(prepared, context);
  return fallback === undefined ? { name: "Policy" } : { name: "Webhook", fallback };
}

/** The mechanism by the status of a stored SidecarSet; else the one that it will have. */
export function knownMechanism(prepared: PreparedSidecarSet, context: MechanismContext): Mechanism {
  const { sidecarSet } = prepared;
  return sidecarSet.status?.conditions === undefined
    ? plannedMechanism(prepared, context)
    : mechanismOf(sidecarSet);
}

/** One sentence for a SidecarSet that asks for the policy; undefined for others. */
export function mechanismNote({ name, fallback }: Mechanism): string | undefined {
  if (fallback) return `the webhook injects it (${fallback.reason}): ${fallback.message}`;
  return name === "Policy" ? "the API server injects it by itself (mechanism Policy)" : undefined;
}

function askingForPolicy(prepared: PreparedSidecarSet): PreparedSidecarSet {
  if (usesPolicy(prepared)) return prepared;
  const { sidecarSet } = prepared;
  const injectionStrategy = {
    ...sidecarSet.spec.injectionStrategy,
    mechanism: "Policy" as const,
  };
  const spec = { ...sidecarSet.spec, injectionStrategy };
  return { ...prepared, sidecarSet: { ...sidecarSet, spec } };
}
