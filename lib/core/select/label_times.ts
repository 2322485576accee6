import type { ObservedMeta, ObservedPod } from "../observed_pod.ts";
import { isObject } from "../../api/json.ts";
import type { LabelSelector, ManagedFields, ObjectMeta } from "../../api/meta.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import { FIELD_MANAGER } from "../field_manager.ts";

/** Times in RFC 3339 at which labels were set after the object's creation, or possibly after it, by key. */
type LabelTimes = Readonly<Record<string, string>>;

/** The creation and a manager's entry get separate timestamps, which can differ by a second. */
const SAME_MOMENT_MS = 1_000;

/**
 * `managedFields` entries for labels set after the object's creation, reduced to these fields; empty for most
 * objects. This program owns only labels that an upgrade has set; those of an injection have no owner. An entry has
 * only the time of its manager's last change, so it may include older labels. Removed labels leave no trace.
 */
export function laterLabelFields(metadata: ObjectMeta): ManagedFields {
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const owning = (metadata.managedFields ?? []).flatMap((entry) => {
    const labels = labelsOf(entry.fieldsV1);
    const { time = "", manager } = entry;
    return labels === undefined ? [] : [{ time, labels, isOurs: manager === FIELD_MANAGER }];
  });
  const margin = owning.filter(({ isOurs }) => !isOurs).length === 1 ? SAME_MOMENT_MS : 0;
  return owning
    .filter(({ time, isOurs }) => isOurs || Date.parse(time) > created + margin)
    .map(({ time, labels }) => ({ time, fieldsV1: { "f:metadata": { "f:labels": labels } } }));
}

/** Latest time of each label in these entries. */
export function labelTimes(managedFields: ManagedFields | undefined): LabelTimes {
  const times = new Map<string, string>();
  for (const { time = "", fieldsV1 } of managedFields ?? []) {
    for (const field of Object.keys(labelsOf(fieldsV1) ?? {})) {
      if (!field.startsWith("f:")) continue;
      const key = field.slice(2);
      const known = times.get(key);
      if (known === undefined || Date.parse(known) < Date.parse(time)) times.set(key, time);
    }
  }
  return Object.fromEntries(times);
}

/** Whether a Pod may have become selected after its creation, by a label change of the Pod or its namespace. */
export function maySelectLater(
  spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">,
  { pod, namespace }: { pod: ObservedMeta; namespace: LabelTimes | undefined },
): boolean {
  const ofPod = pod.managedFields === undefined ? {} : labelTimes(pod.managedFields);
  if (keysOf(spec.selector).some((key) => Object.hasOwn(ofPod, key))) return true;
  if (namespace === undefined) return false;
  const created = Date.parse(pod.creationTimestamp ?? "");
  // Both times are truncated to seconds, so within the same second the order is unknown.
  return keysOf(spec.namespaceSelector).some((key) =>
    Object.hasOwn(namespace, key) && Date.parse(namespace[key] ?? "") >= created
  );
}

function keysOf(selector: LabelSelector | undefined): string[] {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)];
}

function labelsOf(fieldsV1: unknown): Record<string, unknown> | undefined {
  const metadata = isObject(fieldsV1) ? fieldsV1["f:metadata"] : undefined;
  const labels = isObject(metadata) ? metadata["f:labels"] : undefined;
  return isObject(labels) ? labels : undefined;
}

/** What is known of missed Pods from before the start of this process. */
interface MissedBefore {
  readonly spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">;
  /** Number of missed Pods at the last count. */
  readonly missedBefore: number;
  /** Time until which that count was right. */
  readonly countedUntil: Date;
  /** RFC 3339, in whole seconds. */
  readonly effectiveSince: string | undefined;
}

/** Maximum delay of a count in milliseconds. */
const MAX_COUNT_DELAY_MS = 10_000;

/**
 * Pods that look missed at start-up but may have become selected later: by a removed label of the Pod or its
 * namespace, or created in the same second as the selection. The objects do not show either. If the last count of
 * missed Pods was lower, all Pods that existed then are uncertain.
 */
export function doubtfulMissed(
  missed: readonly ObservedPod[],
  { spec, missedBefore, countedUntil, effectiveSince }: MissedBefore,
): readonly ObservedPod[] {
  const counted = missed.filter(({ metadata }) =>
    Date.parse(metadata.creationTimestamp ?? "") < countedUntil.getTime() - MAX_COUNT_DELAY_MS
  );
  if (counted.length <= missedBefore) return [];
  if (excludes(spec.selector) || excludes(spec.namespaceSelector)) return counted;
  return counted.filter(({ metadata }) => isSameSecond(metadata.creationTimestamp, effectiveSince));
}

function isSameSecond(created: string | undefined, since: string | undefined): boolean {
  return Date.parse(created ?? "") === Date.parse(since ?? "");
}

/** Whether a selector matches absent labels, so that removing a label can make it match. */
function excludes({ matchExpressions = [] }: LabelSelector = {}): boolean {
  return matchExpressions.some(({ operator }) =>
    operator === "NotIn" || operator === "DoesNotExist"
  );
}
