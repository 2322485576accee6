import { policySets } from "../../core/admission_policy/members.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import { mechanismNote, mechanismOf } from "../sidecarsets/mechanism.ts";
import { counted, listed } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, withLog } from "./facts.ts";

/** Checks what injects the SidecarSets with the mechanism Policy; nothing if there are none. */
export function checkPolicy(facts: Facts): Check[] {
  const { cluster, policy, policyBinding } = facts;
  if (!isKnown(cluster)) return [];
  const using = cluster.sidecarSets.filter(usesPolicy)
    .map(({ name, sidecarSet }) => ({ name, mechanism: mechanismOf(sidecarSet) }));
  if (using.length === 0) return [];
  const check = checkNamed("injection policy");
  if (policy === "forbidden" || policyBinding === "forbidden") {
    return [check.skipped("this user may not read MutatingAdmissionPolicies")];
  }
  const fallbacks = using.filter(({ mechanism }) => mechanism.fallback);
  const expected = using.filter(({ mechanism }) => mechanism.name === "Policy");
  const found = isKnown(policyBinding) && isKnown(policy) ? policySets(policy) : new Map();
  const missing = expected.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    return [check.error(
      `the MutatingAdmissionPolicy or its binding lacks ${listed(missing)}`,
      ...withLog("check that a controller runs: its leader writes them", facts),
    )];
  }
  if (fallbacks.length === 0) {
    return [check.ok(`the API server injects ${counted(using.length, "SidecarSet")} by itself`)];
  }
  const notes = fallbacks.map(({ name, mechanism }) => `${name}: ${mechanismNote(mechanism)}`);
  return [check.warning(
    notes.join("; "),
    "these are not injected while the controller is down: change the fields, or use the mechanism Webhook",
  )];
}
