import { RE2JS } from "re2js";
import { targetContainersModes } from "../../api/sidecar_container.ts";
import { readResourceExpression } from "../quantity/resource_expression.ts";
import type { Field } from "./field.ts";
import { checkOneOf } from "./syntax.ts";

/** Container names have at most 63 characters; what is much longer only costs time to compile. */
const MAX_REGEX_LENGTH = 1000;

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
    policy.invalid(`must not be set beside resources.${isSetToo}, which it would replace`);
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
  if (regex.text().length > MAX_REGEX_LENGTH) {
    return regex.tooLong(`must have at most ${MAX_REGEX_LENGTH} characters`);
  }
  const problem = regexProblem(regex.text());
  if (problem !== undefined) regex.invalid(problem);
}

function checkExpression(field: Field, resource: "cpu" | "memory"): void {
  if (field.text() === "") return;
  const read = readResourceExpression(field.text());
  if (!read.ok) return field.invalid(`cannot be evaluated: ${read.problem}`);
  const { variable, expression } = read.value;
  // The variable would stand for the amount of this resource, whatever it is called.
  if (variable !== resource && expression.steps.some((step) => step.type === "variable")) {
    field.invalid(`must use the variable ${resource}, not ${variable}`);
  }
}

function regexProblem(regex: string): string | undefined {
  try {
    RE2JS.compile(regex);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `must be a regular expression in RE2 syntax (${reason})`;
  }
}
