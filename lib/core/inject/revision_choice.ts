import type { ControllerRevision } from "../../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { ownsRevision } from "../revision/controller_revision.ts";
import { partitionSize } from "../rollout/budget.ts";
import { matchesSelector } from "../select/label_selector.ts";
import { selectorProblems } from "../select/selector_problems.ts";
import type { Obstacle } from "../reasons.ts";
import type { InjectRequest } from "./contract.ts";

/** The revision for a new Pod: the current one if neither member is set. */
interface RevisionChoice {
  readonly pinned?: ControllerRevision;
  readonly obstacle?: Obstacle;
}

const CURRENT: RevisionChoice = {};

/**
 * Chooses the revision by `injectionStrategy.revision`. With policy Partial, the pinned revision is kept on the
 * partition's number of Pods by counting them (upstream decides randomly per Pod).
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:getSuitableRevisionSidecarSet`.
 */
export function chooseRevision(
  prepared: PreparedSidecarSet,
  request: Pick<InjectRequest, "pod" | "revisionsOf" | "sharesOf">,
): RevisionChoice {
  const choice = pinnedRevision(prepared, request.revisionsOf(prepared.name));
  const { pinned } = choice;
  const { injectionStrategy, updateStrategy } = prepared.sidecarSet.spec;
  const isPartial = injectionStrategy?.revision?.policy === "Partial" && !updateStrategy?.paused;
  return pinned && isPartial ? choosePartially(prepared, { pinned, request }) : choice;
}

/** The revision in `injectionStrategy.revision`, or why it does not exist; neither if the field is not set. */
export function pinnedRevision(
  prepared: PreparedSidecarSet,
  revisions: readonly ControllerRevision[],
): RevisionChoice {
  const pin = prepared.sidecarSet.spec.injectionStrategy?.revision;
  if (!pin?.revisionName && !pin?.customVersion) return CURRENT;
  const owned = revisions.filter((revision) => ownsRevision(prepared.sidecarSet, revision));
  const pinned = pin.revisionName
    ? owned.find((revision) => revision.metadata.name === pin.revisionName)
    : newest(
      owned.filter((each) => each.metadata.labels?.[CUSTOM_VERSION_LABEL] === pin.customVersion),
    );
  return pinned === undefined ? { obstacle: notFound(prepared) } : { pinned };
}

/** A revision by its name in a Pod's annotation; undefined if it was deleted or belongs to another SidecarSet. */
export function ownRevision(
  prepared: PreparedSidecarSet,
  { name, request }: { name: string; request: Pick<InjectRequest, "revisionsOf"> },
): ControllerRevision | undefined {
  return request.revisionsOf(prepared.name).find((revision) =>
    revision.metadata.name === name && ownsRevision(prepared.sidecarSet, revision)
  );
}

function choosePartially(
  prepared: PreparedSidecarSet,
  { pinned, request }: {
    pinned: ControllerRevision;
    request: Pick<InjectRequest, "pod" | "sharesOf">;
  },
): RevisionChoice {
  const { selector, partition } = prepared.sidecarSet.spec.updateStrategy ?? {};
  if (selector !== undefined) {
    const [problem] = selectorProblems(selector, "spec.updateStrategy.selector");
    if (problem !== undefined) return invalid(`${problem.field} ${problem.message}`);
    if (!matchesSelector(selector, request.pod.metadata.labels ?? {})) return { pinned };
  }
  if (typeof partition === "string" && !/^\d+%$/.test(partition)) {
    return invalid(
      `spec.updateStrategy.partition must be a count or a share like 25%: current value is ${partition}`,
    );
  }
  const shares = request.sharesOf(prepared.name);
  // The partition is a share of all Pods, the new one included.
  return shares.pinned < partitionSize(partition, shares.matched + 1) ? { pinned } : CURRENT;
}

function newest(revisions: readonly ControllerRevision[]): ControllerRevision | undefined {
  return revisions.reduce<ControllerRevision | undefined>(
    (best, each) => best === undefined || each.revision > best.revision ? each : best,
    undefined,
  );
}

function notFound({ name, sidecarSet }: PreparedSidecarSet): Obstacle {
  const { revisionName, customVersion } = sidecarSet.spec.injectionStrategy?.revision ?? {};
  const [field, value] = revisionName
    ? ["revisionName", revisionName]
    : ["customVersion", customVersion];
  return {
    reason: "RevisionNotFound",
    message:
      `spec.injectionStrategy.revision.${field} is ${value}, of which SidecarSet ${name} has no revision: ` +
      `name one that "sidecarset rollout history ${name}" lists, or remove the field`,
    ...(value === undefined ? {} : { subject: value }),
  };
}

function invalid(message: string): RevisionChoice {
  return { obstacle: { reason: "InvalidSidecarSet", message } };
}
