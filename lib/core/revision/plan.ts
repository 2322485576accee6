import type { ControllerRevision } from "../../api/objects.ts";
import { CUSTOM_VERSION_LABEL } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import {
  byAge,
  customVersionOf,
  newControllerRevision,
  ownsRevision,
} from "./controller_revision.ts";
import { revisionData, storedRevisionData } from "./data.ts";

const DEFAULT_HISTORY_LIMIT = 10;

/** One write to the stored ControllerRevisions. */
export type RevisionAction =
  | { readonly type: "create"; readonly revision: ControllerRevision }
  /** Makes an older revision the newest, sets its custom version, or both. */
  | {
    readonly type: "change";
    readonly stored: ControllerRevision;
    readonly revision?: number;
    readonly customVersion?: string;
  }
  | { readonly type: "delete"; readonly stored: ControllerRevision };

/** What a plan for revisions depends on. */
interface RevisionState {
  readonly prepared: Pick<PreparedSidecarSet, "sidecarSet" | "hash" | "hashWithoutImage">;
  /** Stored revisions with this SidecarSet's label; those of other owners only block their names. */
  readonly stored: readonly ControllerRevision[];
  /** Names of revisions in use by Pods. */
  readonly inUse: ReadonlySet<string>;
  /** `status.collisionCount`; it is incremented after each AlreadyExists error. */
  readonly collisionCount: number;
  /** The controller's. */
  readonly namespace: string;
}

/** What to do with a SidecarSet's revisions. */
export interface RevisionPlan {
  /** Name of the current spec's revision after the actions. */
  readonly latest: string;
  readonly collisionCount: number;
  /** In the order of execution. */
  readonly actions: readonly RevisionAction[];
}

/**
 * Plans changes to the stored revisions: the current spec has the newest revision with the custom version, and the
 * history limit is kept. Revisions in use by Pods or pinned are never deleted.
 *
 * @see `pkg/controller/sidecarset/sidecarset_processor.go:registerLatestRevision`, `truncateHistory`
 */
export function planRevisions(state: RevisionState): RevisionPlan {
  const { sidecarSet } = state.prepared;
  const owned = state.stored.filter((each) => ownsRevision(sidecarSet, each)).sort(byAge);
  const data = revisionData(sidecarSet.spec);
  const equal = owned.findLast((each) => storedRevisionData(each) === data);
  if (equal === undefined) return planCreation(state, { owned, data });

  const newest = owned.at(-1);
  const renumbering = newest !== undefined && newest !== equal
    ? { revision: newest.revision + 1 }
    : undefined;
  const customVersion = customVersionOf(sidecarSet);
  const relabelling = customVersion !== undefined && customVersionLabel(equal) !== customVersion
    ? { customVersion }
    : undefined;
  const actions: RevisionAction[] = renumbering || relabelling
    ? [{ type: "change", stored: equal, ...renumbering, ...relabelling }]
    : [];
  const older = owned.filter((each) => each !== equal);
  const latestVersion = customVersion ?? customVersionLabel(equal);
  return {
    latest: nameOf(equal),
    collisionCount: state.collisionCount,
    actions: [...actions, ...deletions(state, { older, latestVersion })],
  };
}

/** The stored revision of the current spec. The status is not used, as it may lag behind (B-13). */
export function currentRevision(
  sidecarSet: SidecarSet,
  stored: readonly ControllerRevision[],
): ControllerRevision | undefined {
  const data = revisionData(sidecarSet.spec);
  return stored.filter((each) => ownsRevision(sidecarSet, each)).sort(byAge)
    .findLast((each) => storedRevisionData(each) === data);
}

function planCreation(
  state: RevisionState,
  { owned, data }: { owned: readonly ControllerRevision[]; data: string },
): RevisionPlan {
  const { prepared, namespace } = state;
  const taken = new Set(state.stored.map(nameOf));
  const revision = (owned.at(-1)?.revision ?? 0) + 1;
  let { collisionCount } = state;
  let created = newControllerRevision({ prepared, data, revision, collisionCount, namespace });
  while (taken.has(nameOf(created))) {
    collisionCount++;
    created = newControllerRevision({ prepared, data, revision, collisionCount, namespace });
  }
  return {
    latest: nameOf(created),
    collisionCount,
    actions: [
      { type: "create", revision: created },
      ...deletions(state, { older: owned, latestVersion: customVersionLabel(created) }),
    ],
  };
}

/** How many revisions are kept at least; of more, those that nothing uses are deleted. */
export function historyLimit({ sidecarSet }: Pick<PreparedSidecarSet, "sidecarSet">): number {
  return Math.max(1, sidecarSet.spec.revisionHistoryLimit ?? DEFAULT_HISTORY_LIMIT);
}

/** Revisions to delete, oldest first, among those that are not the newest. */
function deletions(
  { prepared, inUse }: RevisionState,
  { older, latestVersion }: {
    older: readonly ControllerRevision[];
    latestVersion: string | undefined;
  },
): RevisionAction[] {
  const { injectionStrategy } = prepared.sidecarSet.spec;
  const excess = older.length + 1 - historyLimit(prepared);
  if (excess <= 0) return [];
  const pinned = injectionStrategy?.revision;
  const isPinnedVersionOld = pinned?.customVersion !== undefined &&
    pinned.customVersion !== latestVersion;
  const pinnedByVersion = isPinnedVersionOld
    ? older.findLast((each) => customVersionLabel(each) === pinned.customVersion)
    : undefined;
  return older
    .filter((each) =>
      !inUse.has(nameOf(each)) && nameOf(each) !== pinned?.revisionName && each !== pinnedByVersion
    )
    .slice(0, excess)
    .map((stored) => ({ type: "delete", stored }));
}

function customVersionLabel(revision: ControllerRevision): string | undefined {
  return revision.metadata.labels?.[CUSTOM_VERSION_LABEL];
}

function nameOf(revision: ControllerRevision): string {
  return revision.metadata.name ?? "";
}
