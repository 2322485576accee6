import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import {
  evaluateExpression,
  parseExpression,
  readResourceExpression,
} from "../../../lib/core/quantity/expression.ts";
import { containersOf } from "./validation_case.ts";

/** How OpenKruise names the field of an expression. */
export const EXPRESSION_ERROR = /^spec\[\d+\]\.resourcesPolicy\.resourcesExpr\.(limits|requests)\./;

/** Whether OpenKruise's trial with the number 1 gives another verdict than the types. */
export function differsByType(object: SidecarSet): boolean {
  return expressionsOf(object).some(({ text, resource }) =>
    passesTrial(text, resource) !== passesByType(text, resource)
  );
}

/** Paths of the expressions that their types rule out. */
export function refusedExpressions(object: SidecarSet): string[] {
  return expressionsOf(object).filter(({ text, resource }) => !passesByType(text, resource))
    .map(({ path }) => path);
}

function expressionsOf(object: SidecarSet) {
  return containersOf(object).flatMap(({ container, path }) =>
    (["limits", "requests"] as const).flatMap((list) =>
      (["cpu", "memory"] as const).flatMap((resource) => {
        const text = container.resourcesPolicy?.resourcesExpr?.[list]?.[resource];
        const field = `${path}.resourcesPolicy.resourcesExpr.${list}.${resource}`;
        return text ? [{ text, resource, path: field }] : [];
      })
    )
  );
}

/** A number with a suffix that is none counts as zero there (B-34). */
function passesTrial(text: string, resource: "cpu" | "memory"): boolean {
  const expression = parseExpression(text.replaceAll(/(?<![\w.])[0-9.]+[a-zA-Z]+/g, (literal) => {
    return parseExpression(literal).ok ? literal : "0";
  }));
  return expression.ok && evaluateExpression(expression.value, new Map([[resource, 1]])).ok;
}

function passesByType(text: string, resource: "cpu" | "memory"): boolean {
  const read = readResourceExpression(text);
  if (!read.ok) return false;
  const { variable, expression: { steps } } = read.value;
  return variable === resource || !steps.some(({ type }) => type === "variable");
}
