import type { Field } from "../field.ts";
import { checkDescendingPath, checkOneOf, checkOptionalOneOf } from "../syntax.ts";

const MAX_ID = 2 ** 31 - 1;
const MAX_PROFILE_LENGTH = 4095;
const PROFILE_TYPES = ["Localhost", "RuntimeDefault", "Unconfined"];

/**
 * A container's security context, without Windows options.
 *
 * @param options `allowPrivileged`: whether containers may be privileged.
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateSecurityContext`
 */
export function checkSecurityContext(
  context: Field,
  { allowPrivileged }: { allowPrivileged: boolean },
): void {
  const privileged = context.member("privileged");
  if (privileged.flag() && !allowPrivileged) {
    privileged.forbidden("must not be true because privileged containers are not allowed");
  }
  for (const id of [context.member("runAsUser"), context.member("runAsGroup")]) {
    if (id.integer() < 0 || id.integer() > MAX_ID) id.invalid(`must be between 0 and ${MAX_ID}`);
  }
  // Unmasked depends on the Pod's hostUsers, which is checked at injection.
  checkOptionalOneOf(context.member("procMount"), ["Default", "Unmasked"]);
  checkSeccompProfile(context.member("seccompProfile"));
  checkEscalation(context);
  checkAppArmorProfile(context.member("appArmorProfile"));
}

function checkEscalation(context: Field): void {
  const escalation = context.member("allowPrivilegeEscalation");
  if (!escalation.isSet || escalation.flag()) return;
  if (context.member("privileged").flag()) {
    context.invalid("must not have allowPrivilegeEscalation false with privileged true");
  }
  const added = context.member("capabilities").member("add").items();
  if (added.some((capability) => capability.text() === "CAP_SYS_ADMIN")) {
    context.invalid("must not have allowPrivilegeEscalation false with CAP_SYS_ADMIN");
  }
}

function checkSeccompProfile(profile: Field): void {
  if (!profile.isSet) return;
  const type = profile.member("type");
  const path = profile.member("localhostProfile");
  checkOneOf(type, PROFILE_TYPES);
  if (type.text() !== "Localhost") {
    if (path.isSet) path.invalid("must not be set unless the type is Localhost");
  } else if (!path.isSet) path.required("must be set because the type is Localhost");
  else checkDescendingPath(path);
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateAppArmorProfileField` */
function checkAppArmorProfile(profile: Field): void {
  if (!profile.isSet) return;
  const type = profile.member("type");
  const name = profile.member("localhostProfile");
  checkOneOf(type, PROFILE_TYPES);
  if (type.text() !== "Localhost") {
    if (name.isSet) name.invalid("must not be set unless the type is Localhost");
    return;
  }
  const text = name.text();
  if (text.trim() === "") name.required("must be set because the type is Localhost");
  else if (text.trim() !== text) name.invalid("must not start or end with white space");
  if (text.length > MAX_PROFILE_LENGTH) {
    name.tooLong(`must have at most ${MAX_PROFILE_LENGTH} bytes`);
  }
}
