import type { Field } from "../field.ts";
import { checkOneOf, checkOptionalOneOf } from "../syntax.ts";
import { COMPUTE_RESOURCES } from "./resources.ts";

const POLICIES = ["Always", "Never", "OnFailure"];
const ACTIONS = ["Restart", "RestartAllContainers"];
const OPERATORS = ["In", "NotIn"];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/**
 * The container-level restart policy (all kinds of containers since Kubernetes 1.34), and its rules by exit code.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerRestartPolicy`
 */
export function checkRestartPolicy(container: Field): void {
  const policy = container.member("restartPolicy");
  const rules = container.member("restartPolicyRules");
  const ruleFields = rules.items();
  checkOptionalOneOf(policy, POLICIES);
  if (ruleFields.length > 0 && !policy.isSet) {
    policy.required("must be set because restartPolicyRules are");
  }
  if (ruleFields.length > MAX_RULES) {
    rules.tooLong(`must have at most ${MAX_RULES} rules: they have ${ruleFields.length}`);
  }
  for (const rule of ruleFields) checkRule(rule);
}

function checkRule(rule: Field): void {
  checkOneOf(rule.member("action"), ACTIONS);
  const exitCodes = rule.member("exitCodes");
  if (!exitCodes.isSet) return exitCodes.required();
  checkOneOf(exitCodes.member("operator"), OPERATORS);
  const values = exitCodes.member("values");
  const count = values.items().length;
  if (count > MAX_EXIT_CODES) {
    values.tooLong(`must have at most ${MAX_EXIT_CODES} exit codes: they have ${count}`);
  }
  for (const value of values.items()) value.integer();
}

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
