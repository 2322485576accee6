import type { Obstacle } from "../../../lib/core/reasons.ts";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import { recordedHashes } from "../../../lib/core/revision/hash.ts";
import { planOf, type Scene } from "../../support/policy_scenes.ts";
import type { InjectCase } from "../inject/inject_case.ts";

/** A golden case with SidecarSets that ask for a policy, or why a policy does not inject them. */
export type PolicyScene = { readonly scene: Scene } | { readonly reason: string };

/** OpenKruise's settings, such as `conflictPolicy: Replace`, are those of no policy, so the case has the defaults. */
export function policyScene(name: string, testCase: InjectCase): PolicyScene {
  const { operation = "CREATE", subResource, revisions = [] } = testCase;
  if (operation !== "CREATE" || subResource !== undefined) {
    return { reason: "no creation of a Pod" };
  }
  const sidecarSets = [];
  for (const { spec, status, ...sidecarSet } of testCase.sidecarSets) {
    const injectionStrategy = { ...spec.injectionStrategy, mechanism: "Policy" as const };
    const asking = { ...sidecarSet, spec: { ...spec, injectionStrategy } };
    const read = prepareSidecarSet(asking, { revisionName: status?.latestRevision ?? "" });
    if (!read.ok) return { reason: "the schema refuses a SidecarSet" };
    // An explicit empty list of containers counts in the hashes, and is not written in the objects.
    sidecarSets.push({ ...read.value, ...recordedHashes(read.value.sidecarSet) });
  }
  const scene = { name, sidecarSets, revisionsOf: () => revisions };
  const [obstacle] = planOf(scene).webhook.values();
  return obstacle === undefined ? { scene } : { reason: reasonText(obstacle) };
}

/** Without names, so that equal reasons are counted together. */
function reasonText({ reason, subject = "", message }: Obstacle): string {
  switch (reason) {
    case "PolicyOrderConflict":
      return `${reason}: ${/(both \w+ the \w+|both add [^:]*)/.exec(message)?.[0] ?? ""}`;
    case "PolicyUnsupported":
      return `${reason}: ${/[\w/.-]+(?=\]?$)/.exec(subject)?.[0].replace(/^.*\./, "") ?? ""}`;
    default:
      return reason;
  }
}
