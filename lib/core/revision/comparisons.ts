import type { ResourceLists } from "../../api/container.ts";
import type { ControllerRevision } from "../../api/objects.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type {
  PreparedSidecarSet,
  RecordedHashes,
  RevisionComparison,
  RevisionComparisons,
} from "../prepared.ts";
import { AMOUNT_LISTS, effectiveResources, isSameAmount } from "../quantity/resource_lists.ts";
import { containerNames, runningSidecars } from "../status/containers.ts";
import { differenceClause, fieldDifferences } from "./differences.ts";
import { recordedHashes } from "./hash.ts";
import { ownsRevision } from "./controller_revision.ts";
import { currentRevision } from "./plan.ts";
import { restoreSidecarSet } from "./restore.ts";

/** Resources that can be changed in a running Pod. */
const RESIZABLE: ReadonlySet<string> = new Set(["cpu", "memory"]);

/**
 * Compares the stored revisions with a SidecarSet's current spec, each at most once and only when a Pod records it.
 *
 * @param current with defaults
 * @param stored of any SidecarSet
 */
export function compareRevisions(
  current: SidecarSet,
  stored: readonly ControllerRevision[],
): RevisionComparisons {
  return stored.length === 0 ? NOTHING_STORED : new StoredRevisions(current, stored);
}

const NOTHING_STORED: RevisionComparisons = { of: () => undefined };

class StoredRevisions implements RevisionComparisons {
  readonly #current: SidecarSet;
  readonly #stored: readonly ControllerRevision[];
  #read: readonly StoredRevision[] | undefined;

  constructor(current: SidecarSet, stored: readonly ControllerRevision[]) {
    this.#current = current;
    this.#stored = stored;
  }

  of({ hash, hashWithoutImage }: RecordedHashes): RevisionComparison | undefined {
    if (hashWithoutImage === undefined) return undefined;
    this.#read ??= this.#stored.flatMap((revision) => restored(this.#current, revision) ?? []);
    const alike = this.#read.filter((each) => each.hashWithoutImage === hashWithoutImage);
    const exact = alike.find((each) => each.hash === hash);
    const found = exact ?? alike[0];
    if (found === undefined) return undefined;
    found.comparison ??= compare(found.sidecarSet, this.#current);
    return exact === undefined ? { ...found.comparison, images: new Map() } : found.comparison;
  }
}

/**
 * A SidecarSet with the name of the stored revision of its spec, and what its Pods are compared with.
 *
 * @param facts `hasResize`: whether the API server has `pods/resize`, if that is known; `revisionName`: the name of the
 * stored revision, where it need not be found
 */
export function withRevisions(
  prepared: PreparedSidecarSet,
  { stored, hasResize, revisionName = revisionNameOf(prepared, stored) }: {
    readonly stored: readonly ControllerRevision[];
    readonly hasResize?: boolean | undefined;
    readonly revisionName?: string | undefined;
  },
): PreparedSidecarSet {
  const { sidecarSet } = prepared;
  return {
    ...prepared,
    revisionName,
    revisions: compareRevisions(sidecarSet, stored),
    ...(hasResize === undefined ? {} : { hasResize }),
  };
}

function revisionNameOf(
  { sidecarSet }: PreparedSidecarSet,
  stored: readonly ControllerRevision[],
): string {
  const current = stored.length === 0 ? undefined : currentRevision(sidecarSet, stored);
  return current?.metadata.name ?? "";
}

interface StoredRevision {
  readonly sidecarSet: SidecarSet;
  readonly hash: string;
  readonly hashWithoutImage: string;
  /** With the current spec. */
  comparison?: RevisionComparison;
}

/** Undefined for a revision of another SidecarSet, and for one that cannot be read. */
function restored(current: SidecarSet, revision: ControllerRevision): StoredRevision | undefined {
  if (!ownsRevision(current, revision)) return undefined;
  const read = restoreSidecarSet(current, revision);
  if (!read.ok) return undefined;
  return { sidecarSet: read.value, ...recordedHashes(read.value) };
}

/** What a Pod with the containers of one spec lacks of another one. */
function compare(before: SidecarSet, after: SidecarSet): RevisionComparison {
  const images = new Map(
    runningSidecars(before).flatMap(({ name, image }) =>
      image === undefined ? [] : [[name, image]]
    ),
  );
  const differences = fieldDifferences(before.spec, after.spec);
  const isResize = after.spec.updateStrategy?.resizePolicy === "InPlace";
  const old = new Map(runningSidecars(before).map((sidecar) => [sidecar.name, sidecar]));
  const resizes = new Map<string, ResourceLists>();
  const immutable: string[] = [];
  const resized = new Set<string>();
  for (const sidecar of isResize ? runningSidecars(after) : []) {
    const previous = old.get(sidecar.name);
    if (previous === undefined || !isResizable(previous, sidecar)) continue;
    const change = resourceChange(previous, sidecar);
    immutable.push(...change.immutable);
    resized.add(sidecar.name);
    if (AMOUNT_LISTS.every((list) => change.amounts[list] === undefined)) continue;
    for (const container of containerNames(sidecar)) resizes.set(container, change.amounts);
  }
  const remaining = differences.flatMap((difference) => {
    if (difference.kind !== "Fields" || !resized.has(difference.container)) return [difference];
    const fields = difference.fields.filter((field) => field !== "resources");
    return fields.length === 0 ? [] : [{ ...difference, fields }];
  });
  const clauses = [
    ...(remaining.length === 0 ? [] : [differenceClause(remaining)]),
    ...immutable,
  ];
  return { images, obstacle: clauses.length === 0 ? undefined : clauses.join("; "), resizes };
}

/** Resources that are computed for each Pod, and claims of devices, cannot be resized. */
function isResizable(before: SidecarContainer, after: SidecarContainer): boolean {
  const claims = [before, after].map(({ resources }) => JSON.stringify(resources?.claims ?? []));
  return before.resourcesPolicy === undefined && after.resourcesPolicy === undefined &&
    claims[0] === claims[1];
}

/** The amounts that differ, and why some of them cannot be changed. */
function resourceChange(
  before: SidecarContainer,
  after: SidecarContainer,
): { readonly amounts: ResourceLists; readonly immutable: readonly string[] } {
  const [old, current] = [before, after].map(({ resources }) => effectiveResources(resources));
  const amounts: { -readonly [L in keyof ResourceLists]: ResourceLists[L] } = {};
  const immutable: string[] = [];
  for (const list of AMOUNT_LISTS) {
    const [a = {}, b = {}] = [old?.[list], current?.[list]];
    const changed = Object.entries(b).filter(([name, value]) => !isSameAmount(a[name], value));
    if (changed.length > 0) amounts[list] = Object.fromEntries(changed);
    for (const [name] of changed) {
      if (RESIZABLE.has(name)) continue;
      immutable.push(
        `${list}.${name} of container ${after.name} cannot be resized, only cpu and memory`,
      );
    }
    for (const name of Object.keys(a).filter((each) => !Object.hasOwn(b, each))) {
      immutable.push(
        `${list}.${name} of container ${after.name} was removed, which the API server refuses`,
      );
    }
  }
  return { amounts, immutable };
}
