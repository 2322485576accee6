import type { ControllerRevision } from "../api/objects.ts";
import { isTooDeep } from "../api/json.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { withRevisions } from "../core/revision/comparisons.ts";
import { revisionOwner } from "../core/revision/controller_revision.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { internedRevision, Interning } from "./interning.ts";
import { projectRevision } from "./projection.ts";
import { RefusedResizeIndex } from "./refused_resizes.ts";
import { isOlder, isSameState, unversioned } from "./versions.ts";

/** Room for the data of a thousand different revisions. */
const MAX_CHARACTERS = 2_000_000;

const NO_REVISIONS: readonly ControllerRevision[] = [];

/** The stored ControllerRevisions by the SidecarSet that they belong to. */
export class RevisionIndex {
  readonly #byName = new Map<string, ControllerRevision>();
  readonly #bySidecarSet = new Map<string, readonly ControllerRevision[]>();

  readonly #interning = new Interning({ maxCharacters: MAX_CHARACTERS });

  /** Whether the API server has the subresource `pods/resize`; undefined until it is known. */
  hasResize: boolean | undefined;
  readonly refusedResizes = new RefusedResizeIndex();

  get size(): number {
    return this.#byName.size;
  }

  of(sidecarSet: string): readonly ControllerRevision[] {
    return this.#bySidecarSet.get(sidecarSet) ?? NO_REVISIONS;
  }

  /**
   * A SidecarSet with what is stored of its revisions.
   *
   * @param known the state that was compared with the same revisions: most changes are of the status
   */
  compared(prepared: PreparedSidecarSet, known?: PreparedSidecarSet): PreparedSidecarSet {
    const { hasResize, refusedResizes } = this;
    const stored = this.of(prepared.name);
    const isSame = known?.sidecarSet.spec === prepared.sidecarSet.spec &&
      known.sidecarSet.metadata.uid === prepared.sidecarSet.metadata.uid;
    const revisionName = isSame ? known.revisionName : undefined;
    return { ...withRevisions(prepared, { stored, hasResize, revisionName }), refusedResizes };
  }

  /**
   * Stores a revision. One that is not readable counts as deleted; an older state than the known one changes nothing.
   *
   * @returns the SidecarSets whose revisions changed
   */
  apply(revision: ControllerRevision): string[] {
    const name = revision.metadata.name ?? "";
    const known = this.#byName.get(name);
    if (known && isSameState(revision.metadata, known.metadata)) return [];
    if (known && isOlder(revision.metadata, known.metadata)) return [];
    const changed = this.delete(name);
    const owner = isReadable(revision) ? revisionOwner(revision) : undefined;
    if (owner === undefined) return changed;
    const kept = internedRevision(projectRevision(revision), this.#interning);
    this.#byName.set(name, kept);
    // A spread would reserve room for 16 more.
    this.#bySidecarSet.set(owner, this.of(owner).concat(kept));
    return [...new Set([...changed, owner])];
  }

  /** After a rollback of the store, the next state of a revision is the newer one. */
  *forgetVersions(): Steps<void> {
    yield* forEachInSteps(this.names(), (name) => {
      const revision = this.#byName.get(name);
      if (revision) this.apply(unversioned(revision));
    });
  }

  /** @returns the SidecarSets whose revisions changed */
  delete(name: string): string[] {
    const known = this.#byName.get(name);
    const owner = known && revisionOwner(known);
    if (owner === undefined) return [];
    this.#byName.delete(name);
    const siblings = this.of(owner).filter((each) => each !== known);
    if (siblings.length > 0) this.#bySidecarSet.set(owner, siblings);
    else this.#bySidecarSet.delete(owner);
    return [owner];
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }
}

/** The API server stores any data, and any number of 64 bits. */
function isReadable({ data, revision }: ControllerRevision): boolean {
  return !isTooDeep(data) && Number.isSafeInteger(revision);
}
