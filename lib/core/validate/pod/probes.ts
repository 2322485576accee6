import type { Field } from "../field.ts";
import { checkNotNegative } from "../syntax.ts";
import { checkHandler, LIFECYCLE_HANDLERS, PROBE_HANDLERS } from "./handlers.ts";

const NUMBERS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
];
/** Fields that only long-running containers may have. */
export const PROBES_AND_LIFECYCLE = [
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
] as const;

/**
 * Probes and lifecycle hooks of a long-running container.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateLivenessProbe`
 */
export function checkProbesAndLifecycle(container: Field): void {
  const [lifecycle, liveness, readiness, startup] = PROBES_AND_LIFECYCLE
    .map((name) => container.member(name));
  if (lifecycle?.isSet) {
    for (const hook of [lifecycle.member("postStart"), lifecycle.member("preStop")]) {
      if (hook.isSet) checkHandler(hook, LIFECYCLE_HANDLERS);
    }
  }
  for (const probe of [liveness, startup]) {
    if (!probe?.isSet) continue;
    checkProbe(probe);
    const successThreshold = probe.member("successThreshold");
    if (successThreshold.integer() !== 1) successThreshold.invalid("must be 1");
  }
  if (readiness?.isSet) {
    checkProbe(readiness);
    const grace = readiness.member("terminationGracePeriodSeconds");
    if (grace.isSet) grace.invalid("must not be set for a readiness probe");
  }
}

function checkProbe(probe: Field): void {
  checkHandler(probe, PROBE_HANDLERS);
  for (const name of NUMBERS) checkNotNegative(probe.member(name));
  const grace = probe.member("terminationGracePeriodSeconds");
  if (grace.isSet && grace.integer() <= 0) grace.invalid("must be greater than 0");
}

/** Plain init containers have neither probes nor lifecycle hooks. */
export function checkNoProbesOrLifecycle(container: Field): void {
  for (const name of PROBES_AND_LIFECYCLE) {
    const field = container.member(name);
    if (field.isSet) {
      field.forbidden("must not be set for an init container unless its restartPolicy is Always");
    }
  }
}
