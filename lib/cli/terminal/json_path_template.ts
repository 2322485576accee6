import { CliError } from "./terminal.ts";

/** A parsed template: its parts are printed one after the other. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "path"; readonly path: Path }
  /** Prints its parts once for each value of the path. */
  | { readonly kind: "range"; readonly path: Path; readonly parts: readonly Part[] };

/** The steps from the current value to the selected ones. */
export type Path = readonly Step[];

export type Step =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "wildcard" }
  /** The value and all objects and lists below it. */
  | { readonly kind: "recursive" }
  | Slice
  | { readonly kind: "union"; readonly paths: readonly Path[] }
  | Filter
  /** Replaces the current values. */
  | { readonly kind: "literal"; readonly value: Literal };

export type Literal = string | number | boolean;

/** `[start:end:step]`; an index has no other part. Negative numbers count from the end. */
export interface Slice {
  readonly kind: "slice";
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
  readonly isIndex: boolean;
  readonly at: number;
}

export const OPERATORS = ["==", "!=", "<=", ">=", "<", ">"] as const;
export type Operator = (typeof OPERATORS)[number];

/** `[?(left operator right)]`; without an operator, the left path must exist. */
export interface Filter {
  readonly kind: "filter";
  readonly left: Path;
  readonly comparison?: { readonly operator: Operator; readonly right: Path };
  readonly at: number;
}

/**
 * An error of a template.
 *
 * @param at Index of the character
 * @param problem Ends with the remedy
 */
export function templateError(template: string, at: number, problem: string): CliError {
  return new CliError(
    `Cannot use the jsonpath template ${template} at character ${at + 1}: ${problem}`,
  );
}
