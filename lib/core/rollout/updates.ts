import { upgradability, upgradableCondition } from "./upgradable.ts";
import type { LeftPod, RolloutSnapshot } from "./contract.ts";
import { rfc3339 } from "../../api/meta.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { assessImages } from "../status/drift.ts";
import { planFlip } from "./hot_upgrade.ts";
import { type PartialChanges, partialRecord } from "./partial_update.ts";
import { imagePatch, type PodUpdate, upgradePatch } from "./pod_update.ts";

/** An update, or why it cannot be computed for the Pod. */
type Made =
  | { readonly ok: true; readonly update: PodUpdate }
  | { readonly ok: false; readonly left: LeftPod };

/** Creates the upgrade of an outdated Pod to the current revision. */
export function makeUpgrade(pod: ObservedPod, snapshot: RolloutSnapshot): Made {
  const { prepared } = snapshot;
  const patch = upgradePatch(pod, { prepared, now: rfc3339(snapshot.now) });
  if (!patch.ok) return { ok: false, left: { pod, ...patch.obstacle } };
  return { ok: true, update: updateOf(pod, "Upgrade", patch) };
}

/** Creates the update of a Pod that gets only the images of the current revision. */
export function makePartial(
  pod: ObservedPod,
  { changes, bySidecar }: PartialChanges,
  { prepared, now }: RolloutSnapshot,
): PodUpdate {
  const facts = { prepared, now: rfc3339(now) };
  const extra = partialRecord(pod, { ...facts, bySidecar });
  return updateOf(pod, "UpdateImages", { patch: imagePatch(pod, facts, { changes, extra }) });
}

/** Creates the second step of a hot upgrade; undefined if it is not due. */
export function makeFlip(
  pod: ObservedPod,
  { prepared, now }: RolloutSnapshot,
): PodUpdate | undefined {
  const changes = planFlip(pod, prepared);
  if (changes === undefined) return undefined;
  const patch = imagePatch(pod, { prepared, now: rfc3339(now) }, { changes: [changes] });
  return updateOf(pod, "Flip", { patch });
}

/** Creates the repair of drifted containers: their images as last stored. */
export function makeRepair(
  pod: ObservedPod,
  { prepared, now }: RolloutSnapshot,
): PodUpdate | undefined {
  const { drift } = assessImages(pod, prepared);
  if (drift.length === 0) return undefined;
  const images = new Map(drift.map(({ container, storedImage }) => [container, storedImage]));
  const patch = imagePatch(pod, { prepared, now: rfc3339(now) }, { changes: [{ images }] });
  return updateOf(pod, "Repair", { patch });
}

/** A Pod that cannot be upgraded in place. */
export function leaveNotUpgradable(pod: ObservedPod, snapshot: RolloutSnapshot): LeftPod {
  const found = upgradability(pod, snapshot.prepared);
  const { reason, message } = found.kind === "NotUpgradable"
    ? found
    : { reason: "NotUpgradable" as const, message: "" };
  const condition = upgradableCondition(pod, {
    sidecarSetName: snapshot.prepared.name,
    upgradable: false,
    now: rfc3339(snapshot.now),
    exists: (name) => snapshot.exists(name),
  });
  return { pod, reason, message, ...(condition === undefined ? {} : { condition }) };
}

function updateOf(
  pod: ObservedPod,
  kind: PodUpdate["kind"],
  { patch, resize }: Pick<PodUpdate, "patch" | "resize">,
): PodUpdate {
  const { namespace = "", name = "", uid = "" } = pod.metadata;
  return { kind, namespace, name, uid, ...(resize ? { resize } : {}), patch };
}
