import type { Field } from "../field.ts";
import { checkOneOf } from "../syntax.ts";
import { COMPUTE_RESOURCES } from "./resources.ts";

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateResizePolicy` */
export function checkResizePolicy(policies: Field): void {
  const seen = new Set<string>();
  for (const policy of policies.items()) {
    const resource = policy.member("resourceName");
    if (seen.has(resource.text())) resource.duplicate();
    seen.add(resource.text());
    checkOneOf(resource, COMPUTE_RESOURCES);
    checkOneOf(policy.member("restartPolicy"), ["NotRequired", "RestartContainer"]);
  }
}

/**
 * A plain init container cannot be restarted by a resize.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateInitContainers`
 */
export function checkNoRestartOnResize(policies: Field): void {
  for (const policy of policies.items()) {
    const restartPolicy = policy.member("restartPolicy");
    if (restartPolicy.text() === "RestartContainer") {
      restartPolicy.invalid("must be NotRequired unless the init container restarts Always");
    }
  }
}
