import type { Subject } from "./input.ts";
import { PROBES_AND_LIFECYCLE } from "./pod/probes.ts";

/**
 * `cleanupPolicy`: with Idle, surplus sidecars get another image but keep their probes and hooks, which that image
 * cannot answer.
 */
export function checkCleanup({ spec }: Subject): void {
  const policy = spec.member("cleanupPolicy");
  if (policy.member("type").text() !== "Idle") return;
  const idleImage = policy.member("idleImage");
  if (idleImage.text() === "") idleImage.required("is required because the type is Idle");
  else if (idleImage.text().trim() !== idleImage.text()) {
    idleImage.invalid("must not start or end with white space");
  }
  const initContainers = spec.member("initContainers").items()
    .filter((container) => container.member("restartPolicy").text() === "Always");
  for (const container of [...spec.member("containers").items(), ...initContainers]) {
    for (const name of PROBES_AND_LIFECYCLE) {
      const field = container.member(name);
      if (field.isSet) {
        field.forbidden(
          "must not be set because spec.cleanupPolicy.type is Idle: the idle image cannot answer it, use Retain or Evict",
        );
      }
    }
  }
}
