import * as z from "zod/mini";
import { labelSelector, type ObjectMeta } from "../../api/meta.ts";
import { PENDING_SELECTIONS_ANNOTATION } from "../../api/names.ts";
import { readAs } from "../../api/read.ts";
import { failurePolicies } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { coverageKey, injectingCoverageKey } from "./selection.ts";

/**
 * Pending selections: the validating webhook for SidecarSets adds a new selection to the registration before it
 * answers, so that the API server calls the webhook for the first Pod. Each is kept in an annotation of the
 * MutatingWebhookConfiguration, with separate entries, until the leader has registered the SidecarSet and the other
 * replicas have had time to sync it.
 */
const pendingSelection = z.object({
  name: z.string(),
  uid: z.string(),
  generation: z.int(),
  /** Time of its addition in RFC 3339. */
  since: z.string(),
  spec: z.object({
    failurePolicy: z.optional(z.enum(failurePolicies)),
    selector: z.optional(labelSelector),
    namespace: z.optional(z.string()),
    namespaceSelector: z.optional(labelSelector),
  }),
});
export type PendingSelection = z.infer<typeof pendingSelection>;

/** The state of a SidecarSet that a review refers to, from the path of a pending entry. */
export type SelectionOrigin = Pick<PendingSelection, "name" | "uid" | "generation">;

/** A SidecarSet's state known to the leader. */
export interface KnownSelection {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  /** `coverageKey` of the state. */
  readonly key: string;
  readonly coverage: PermanentCoverage;
}

/**
 * Since when the registration at the API server has had a permanent entry for a SidecarSet's selection; whether the
 * leader has yet to write it; or that no entry will last: the selectors are too large, the API server injects the
 * SidecarSet by itself, or another client keeps changing the registration.
 */
export type PermanentCoverage = Date | "awaited" | "none";

/**
 * Time that a pending selection is kept after its addition, as other replicas may sync later, and after the permanent
 * entry is stored, as API servers use it later and finish the Pods that they have begun without it.
 */
const PENDING_SETTLE_SECONDS = 5;
/** Time after which it expires if the SidecarSet does not appear: the creation may have failed after the review. */
const PENDING_EXPIRY_SECONDS = 60;
/** Maximum number of pending selections: each takes room in a path and in the annotation. */
export const MAX_PENDING = 100;
/**
 * Maximum number of pending selections of created SidecarSets; beyond it, one selection of all Pods replaces them.
 * About as many are created within {@linkcode PENDING_SETTLE_SECONDS} by hand, more only by tools.
 */
export const MAX_PENDING_CREATIONS = 20;
/** Age up to which a selection of all Pods covers creations; in the rest of its time the API server stores them. */
const ALL_PODS_SECONDS = 30;

/**
 * Origin of a pending selection of all Pods. It names no SidecarSet: a replica compares its SidecarSets with those of
 * the API server. No stored object has generation 0.
 */
const ALL_PODS_ORIGIN: SelectionOrigin = { name: "any", uid: "any", generation: 0 };

/** Whether a pending selection, or the path of its entry, is about all Pods. */
export function selectsAllPods({ generation }: SelectionOrigin): boolean {
  return generation === ALL_PODS_ORIGIN.generation;
}

const pendingSelections = z.array(pendingSelection);

/** The pending selections in a configuration; empty if the annotation is absent or unreadable. */
export function pendingIn(metadata: ObjectMeta | undefined): PendingSelection[] {
  const text = metadata?.annotations?.[PENDING_SELECTIONS_ANNOTATION];
  if (text === undefined) return [];
  try {
    const read = readAs(pendingSelections, JSON.parse(text));
    return read.ok ? read.value : [];
  } catch {
    return [];
  }
}

/** The annotation for these selections; empty if there are none. */
export function pendingAnnotation(
  pending: readonly PendingSelection[],
): Record<string, string> {
  return pending.length === 0 ? {} : { [PENDING_SELECTIONS_ANNOTATION]: JSON.stringify(pending) };
}

/**
 * Whether a selection of all Pods covers another one: of a created SidecarSet, because an update does not change the
 * number of SidecarSets, and whose entry may be widened.
 *
 * @param since when the selection of all Pods was added
 * @param now RFC 3339
 */
export function isCoveredSince(
  { generation, spec }: Omit<PendingSelection, "since">,
  { since, now }: { readonly since: string; readonly now: string },
): boolean {
  return generation === 1 && spec.failurePolicy !== "Fail" &&
    Date.parse(now) - Date.parse(since) < ALL_PODS_SECONDS * 1_000;
}

/**
 * Adds pending selections to others. Each update of a selection replaces an equal one; many creations are replaced by
 * one selection of all Pods, so that further ones need no write.
 *
 * @returns the given selections if they cover the added ones; undefined if there is no room
 */
export function withPending(
  known: readonly PendingSelection[],
  added: readonly PendingSelection[],
): readonly PendingSelection[] | undefined {
  const allPods = known.find(selectsAllPods);
  const needed = added.filter((each) =>
    !allPods || !isCoveredSince(each, { since: allPods.since, now: each.since })
  );
  const last = needed.at(-1);
  if (last === undefined) return known;
  const isReplaced = (old: PendingSelection) =>
    needed.some(({ uid, generation }) => uid === old.uid && generation === old.generation);
  const pending = [...known.filter((old) => !isReplaced(old)), ...needed];
  const isWidenable = (each: PendingSelection) =>
    isCoveredSince(each, { since: last.since, now: last.since });
  const isMany = pending.filter(isWidenable).length > MAX_PENDING_CREATIONS ||
    pending.length > MAX_PENDING;
  const others = pending.filter((each) => !isWidenable(each) && !selectsAllPods(each));
  const result = isMany && needed.some(isWidenable)
    ? [...others, { ...ALL_PODS_ORIGIN, since: last.since, spec: { selector: {} } }]
    : pending;
  return result.length > MAX_PENDING ? undefined : result;
}

/** What the end of a pending selection depends on. */
interface PendingFacts {
  known(name: string): KnownSelection | undefined;
  /** The coverage of the SidecarSets that were created by then. */
  coverageOfCreated(until: Date): Iterable<PermanentCoverage>;
  readonly now: Date;
}

/**
 * Splits pending selections into current and expired ones. A selection expires when the permanent entry that covers
 * the SidecarSet is stored and settled, when the leader knows a later selection of the SidecarSet, or when the
 * SidecarSet is not created within {@linkcode PENDING_EXPIRY_SECONDS}.
 *
 * One write must not replace the pending entry by the permanent one, however late the leader is: when another webhook
 * has changed a Pod, the API server calls again only entries that it has called for that Pod before.
 *
 * @returns `dueIn`: milliseconds until the next one may expire
 */
export function keptPending(
  pending: readonly PendingSelection[],
  facts: PendingFacts,
): { kept: PendingSelection[]; dueIn: number | undefined } {
  const kept: PendingSelection[] = [];
  let dueIn: number | undefined;
  for (const selection of pending) {
    const remaining = remainingOf(selection, facts);
    if (remaining <= 0) continue;
    kept.push(selection);
    dueIn = Math.min(dueIn ?? Infinity, remaining);
  }
  return { kept, dueIn };
}

/** Milliseconds until a pending selection may expire; 0 if it has. */
function remainingOf(selection: PendingSelection, facts: PendingFacts): number {
  const { known, coverageOfCreated, now } = facts;
  const since = new Date(selection.since);
  const expiring = remainingFrom(since, { seconds: PENDING_EXPIRY_SECONDS, now });
  if (selectsAllPods(selection)) {
    if (expiring > 0) return expiring;
    const lastCreation = new Date(since.getTime() + ALL_PODS_SECONDS * 1_000);
    return settlingOf(coverageOfCreated(lastCreation), now);
  }
  const state = known(selection.name);
  const isSeen = state?.uid === selection.uid && (state.generation ?? 0) >= selection.generation;
  if (!isSeen) return expiring;
  if (state.key !== injectingCoverageKey(selection.spec)) return 0;
  const syncing = remainingFrom(since, { seconds: PENDING_SETTLE_SECONDS, now });
  return Math.max(syncing, settlingOf([state.coverage], now));
}

/** Milliseconds until all permanent entries of SidecarSets may be settled; 0 if they are. */
function settlingOf(coverages: Iterable<PermanentCoverage>, now: Date): number {
  let longest = 0;
  for (const coverage of coverages) {
    if (coverage === "none") continue;
    const from = coverage === "awaited" ? now : coverage;
    const settling = remainingFrom(from, { seconds: PENDING_SETTLE_SECONDS, now });
    longest = Math.max(longest, settling);
  }
  return longest;
}

/** The rest of a period in milliseconds; 0 also for a start in the future, from another clock. */
function remainingFrom(start: Date, { seconds, now }: { seconds: number; now: Date }): number {
  const age = now.getTime() - start.getTime();
  return age > -PENDING_EXPIRY_SECONDS * 1_000 ? Math.max(0, seconds * 1_000 - age) : 0;
}

/** Whether the entries of pending selections cover a SidecarSet's current selection. */
export function coverageBy(
  pending: readonly PendingSelection[],
): (prepared: PreparedSidecarSet) => boolean {
  const keyOf = (uid: string | undefined, key: string) => `${uid} ${key}`;
  const keys = new Set(pending.map(({ uid, spec }) => keyOf(uid, injectingCoverageKey(spec))));
  const hasAllPods = pending.some(selectsAllPods);
  return (prepared) => {
    const { metadata: { uid }, spec } = prepared.sidecarSet;
    return hasAllPods && spec.failurePolicy !== "Fail" ||
      keys.has(keyOf(uid, coverageKey(prepared)));
  };
}
