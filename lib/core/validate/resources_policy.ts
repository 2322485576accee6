import { targetContainersModes } from "../../api/sidecar_container.ts";
import { compilePattern, MAX_PATTERN_LENGTH } from "../pattern.ts";
import { readResourceExpression } from "../quantity/resource_expression.ts";
import type { Field } from "./field.ts";
import { checkOneOf } from "./syntax.ts";

/**
 * A policy that computes resources: a valid regular expression, and expressions that can be evaluated, checked by their
 * types instead of by a trial (B-33, B-34).
 *
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/validating_resources_policy.go`
 */
export function checkResourcesPolicy(container: Field): void {
  const policy = container.member("resourcesPolicy");
  if (!policy.isSet) return;
  const resources = container.member("resources");
  const isSetToo = ["limits", "requests"].find((list) =>
    resources.member(list).entries().length > 0
  );
  if (isSetToo !== undefined) {
    policy.invalid(`must not be set together with resources.${isSetToo}, which it would replace`);
  }
  checkOneOf(policy.member("targetContainersMode"), targetContainersModes);
  checkRegex(policy.member("targetContainersNameRegex"));

  const expressions = policy.member("resourcesExpr");
  const limits = expressions.member("limits");
  const requests = expressions.member("requests");
  if (!limits.isSet && !requests.isSet) expressions.invalid("must have limits or requests");
  for (const list of [limits, requests]) {
    checkExpression(list.member("cpu"), "cpu");
    checkExpression(list.member("memory"), "memory");
  }
}

function checkRegex(regex: Field): void {
  if (regex.text() === "") return regex.required("is required: use .* for all containers");
  const pattern = compilePattern(regex.text());
  if (pattern.ok) return;
  if (regex.text().length > MAX_PATTERN_LENGTH) regex.tooLong(pattern.problem);
  else regex.invalid(pattern.problem);
}

function checkExpression(field: Field, resource: "cpu" | "memory"): void {
  if (field.text() === "") return;
  const read = readResourceExpression(field.text());
  if (!read.ok) return field.invalid(`cannot be evaluated: ${read.problem}`);
  const { variable, expression } = read.value;
  // The variable has the amount of this resource, regardless of its name.
  if (variable !== resource && expression.steps.some((step) => step.type === "variable")) {
    field.invalid(`must use the variable ${resource}, not ${variable}`);
  }
}
