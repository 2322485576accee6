import { isObject } from "../../api/json.ts";
import { escaped } from "../../core/printable.ts";
import { parseTemplate } from "./json_path_parser.ts";
import {
  type Filter,
  type Literal,
  type Operator,
  type Part,
  type Path,
  type Slice,
  type Step,
  templateError,
} from "./json_path_template.ts";

/**
 * Prints data by a template as `kubectl -o jsonpath` does: missing fields are empty, several values are separated by
 * spaces, objects and lists are JSON with sorted keys.
 *
 * @throws {CliError} for an invalid template, or one that does not fit the data.
 */
export function evaluateTemplate(template: string, data: unknown): string {
  const evaluation = new Evaluation(template);
  return evaluation.print(parseTemplate(template), data);
}

class Evaluation {
  readonly #template: string;

  constructor(template: string) {
    this.#template = template;
  }

  print(parts: readonly Part[], value: unknown): string {
    return parts.map((part) => {
      if (part.kind === "text") return part.text;
      const values = this.#select(part.path, [value]);
      return part.kind === "path"
        ? values.map(textOf).join(" ")
        : values.map((each) => this.print(part.parts, each)).join("");
    }).join("");
  }

  #select(path: Path, values: readonly unknown[]): readonly unknown[] {
    return path.reduce((current, step) => this.#apply(step, current), values);
  }

  #apply(step: Step, values: readonly unknown[]): readonly unknown[] {
    switch (step.kind) {
      case "field":
        return values.flatMap((value) =>
          isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
        );
      case "wildcard":
        return values.flatMap(childrenOf);
      case "recursive":
        return values.flatMap(withDescendants);
      case "slice":
        return values.flatMap((value) => this.#slice(step, value));
      case "union":
        return step.paths.flatMap((path) => this.#select(path, values));
      case "filter":
        return values.flatMap((value) => this.#filter(step, value));
      case "literal":
        return [step.value];
    }
  }

  #slice({ start, end, step = 1, isIndex, at }: Slice, value: unknown): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.#fail(`[ ] selects from ${kindOf(value)}; use it on a list`, at);
    }
    const { length } = value;
    const fromEnd = (index: number) => index < 0 ? index + length : index;
    const first = fromEnd(start ?? 0);
    const after = isIndex ? first + 1 : fromEnd(end ?? length);
    if (first === after) return [];
    if (first < 0 || first >= length || after > length) {
      if (start === undefined && end === undefined) return [];
      this.#fail(`the list has ${length} elements; use an index below ${length}, or [*]`, at);
    }
    return value.slice(first, after).filter((_element, index) => index % step === 0);
  }

  #filter(filter: Filter, value: unknown): readonly unknown[] {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.#fail(`the filter selects from ${kindOf(value)}; use it on a list`, filter.at);
    }
    return value.filter((element) => this.#passes(filter, element));
  }

  #passes({ left, comparison, at }: Filter, element: unknown): boolean {
    const lefts = this.#select(left, [element]);
    if (comparison === undefined) return lefts.length > 0;
    const rights = this.#select(comparison.right, [element]);
    if (lefts.length > 1 || rights.length > 1) {
      this.#fail("the filter compares several values; select one", at);
    }
    if (lefts.length === 0 || rights.length === 0) return false;
    const [[a], [b]] = [lefts, rights];
    const { operator } = comparison;
    if (a === null || b === null) return operator === "!=" ? a !== b : a === b;
    if (!isLiteral(a) || !isLiteral(b) || typeof a !== typeof b) {
      this.#fail(
        `the filter compares ${kindOf(a)} with ${kindOf(b)}; quote text, and only text`,
        at,
      );
    }
    return holds(operator, orderOf(a, b));
  }

  #fail(problem: string, at: number): never {
    throw templateError(this.#template, at, problem);
  }
}

/** Whether an operator accepts the order of its operands. */
function holds(operator: Operator, order: number): boolean {
  switch (operator) {
    case "==":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function orderOf(a: Literal, b: Literal): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a > b ? 1 : 0;
  return Number(a) - Number(b);
}

function isLiteral(value: unknown): value is Literal {
  return ["string", "number", "boolean"].includes(typeof value);
}

function childrenOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

/** The value and all objects and lists below it, each before its children. */
function withDescendants(value: unknown): readonly unknown[] {
  const children = childrenOf(value);
  return children.length === 0 ? [] : [value, ...children.flatMap(withDescendants)];
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return typeof value === "string" ? "text" : `a ${typeof value}`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return escaped(JSON.stringify(value, sortedKeys) ?? "null");
}

/** Go sorts the keys of a map. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}
