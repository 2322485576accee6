import type { FieldProblem } from "../../api/problems.ts";
import { type LabelSelector, selectorOperators } from "../../api/meta.ts";
import { labelValueProblem, qualifiedNameProblem } from "./label_syntax.ts";

/**
 * Everything that Kubernetes would refuse about a label selector.
 *
 * @param path Path of the selector, as in `spec.selector`.
 * @see `k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go:ValidateLabelSelector`
 */
export function selectorProblems(selector: LabelSelector, path: string): FieldProblem[] {
  const problems = labelsProblems(selector.matchLabels ?? {}, `${path}.matchLabels`);
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
    const field = `${path}.matchExpressions[${index}]`;
    const { key, operator, values = [] } = requirement;
    problems.push(...operatorProblems({ operator, values }, field));
    const problem = qualifiedNameProblem(key);
    if (problem !== undefined) problems.push(invalid(`${field}.key`, problem, key));
    for (const [at, value] of values.entries()) {
      const problem = labelValueProblem(value);
      if (problem !== undefined) problems.push(invalid(`${field}.values[${at}]`, problem, value));
    }
  }
  return problems;
}

/**
 * Everything that Kubernetes would refuse about a map of labels. As there, the field is the map, and the message names
 * the key.
 *
 * @see `k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go:ValidateLabels`
 */
function labelsProblems(
  labels: Readonly<Record<string, string>>,
  path: string,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [key, value] of Object.entries(labels)) {
    const keyProblem = qualifiedNameProblem(key);
    if (keyProblem !== undefined) problems.push(invalid(path, `key ${keyProblem}`, key));
    const valueProblem = labelValueProblem(value);
    if (valueProblem !== undefined) {
      problems.push(invalid(path, `value of ${key} ${valueProblem}`, value));
    }
  }
  return problems;
}

function operatorProblems(
  { operator, values }: { operator: string; values: readonly string[] },
  field: string,
): FieldProblem[] {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length > 0) return [];
      return [{
        reason: "FieldValueRequired",
        field: `${field}.values`,
        message: `must list at least one value because the operator is ${operator}`,
      }];
    case "Exists":
    case "DoesNotExist":
      if (values.length === 0) return [];
      return [{
        reason: "FieldValueForbidden",
        field: `${field}.values`,
        message:
          `must be absent because the operator is ${operator}: use In or NotIn to compare values`,
      }];
    default:
      return [
        invalid(`${field}.operator`, `must be one of ${selectorOperators.join(", ")}`, operator),
      ];
  }
}

function invalid(field: string, message: string, value: string): FieldProblem {
  return {
    reason: "FieldValueInvalid",
    field,
    message: `${message}: current value is ${JSON.stringify(value)}`,
  };
}
