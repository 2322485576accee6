import { isObject } from "../../api/json.ts";
import type { LabelSelector, ObjectMeta } from "../../api/meta.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";

/** When labels of an object were last set, by key, in RFC 3339: later than it was created, or in doubt. */
export type LabelTimes = Readonly<Record<string, string>>;

type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

/** The times of a manager's entry and of the creation are taken apart from each other, so they may lie in two seconds. */
const SAME_MOMENT = 1_000;

/**
 * The entries of `managedFields` that tell of labels set after the object's creation, without all their other fields; none for most objects. An
 * entry has one time, that of its manager's last change of anything, so it may tell of more than there was; of a label that was removed nothing tells.
 */
export function laterLabelFields(metadata: ObjectMeta): ManagedFields {
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const owning = (metadata.managedFields ?? []).flatMap((entry) => {
    const labels = labelsOf(entry.fieldsV1);
    return labels === undefined ? [] : [{ time: entry.time ?? "", labels }];
  });
  const margin = owning.length === 1 ? SAME_MOMENT : 0;
  return owning
    .filter(({ time }) => Date.parse(time) > created + margin)
    .map(({ time, labels }) => ({ time, fieldsV1: { "f:metadata": { "f:labels": labels } } }));
}

/** The latest time of each label that these entries tell of. */
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

/** Whether a Pod may have come to be selected only after its creation, by a change of its or its namespace's labels. */
export function maySelectLater(
  spec: Pick<SidecarSetSpec, "selector" | "namespaceSelector">,
  { pod, namespace }: { pod: ObjectMeta; namespace: LabelTimes | undefined },
): boolean {
  const ofPod = pod.managedFields === undefined ? {} : labelTimes(pod.managedFields);
  if (keysOf(spec.selector).some((key) => Object.hasOwn(ofPod, key))) return true;
  if (namespace === undefined) return false;
  const created = Date.parse(pod.creationTimestamp ?? "");
  // Both are cut to whole seconds, so those of one second are in doubt.
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
