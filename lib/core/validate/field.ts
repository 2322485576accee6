import type { FieldProblem } from "../../api/problems.ts";
import { isObject } from "../../api/json.ts";
import { preview } from "../../api/read.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A field of an object under validation, present or not. Rules read it and report problems; all fields of an object
 * share one list of problems.
 *
 * Reading follows Go's typed objects: an absent field has its type's zero value. A value of another type is a
 * problem and is read as the zero value, so that no input makes a rule throw.
 */
export class Field {
  readonly value: unknown;
  readonly path: string;
  readonly #problems: FieldProblem[];

  constructor(value: unknown, path: string, problems: FieldProblem[]) {
    this.value = value;
    this.path = path;
    this.#problems = problems;
  }

  get isSet(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** Number of problems of the object so far; a check compares it before and after. */
  get problemCount(): number {
    return this.#problems.length;
  }

  /** The same field with the API server's defaults; a value of another type stays. */
  completed(change: (value: JsonObject) => JsonObject): Field {
    return isObject(this.value) ? new Field(change(this.value), this.path, this.#problems) : this;
  }

  member(name: string): Field {
    const path = this.path === "" ? name : `${this.path}.${name}`;
    return new Field(this.#memberValue(name), path, this.#problems);
  }

  /** The values of a map with the paths that Kubernetes gives them: `limits[cpu]`. */
  entries(): [string, Field][] {
    if (!isObject(this.value)) {
      this.#expect("an object");
      return [];
    }
    return Object.entries(this.value)
      .map(([key, value]) => [key, new Field(value, `${this.path}[${key}]`, this.#problems)]);
  }

  items(): Field[] {
    if (!Array.isArray(this.value)) {
      this.#expect("a list");
      return [];
    }
    return this.value.map((value, i) => new Field(value, `${this.path}[${i}]`, this.#problems));
  }

  text(): string {
    if (typeof this.value === "string") return this.value;
    this.#expect("a string");
    return "";
  }

  integer(): number {
    if (Number.isSafeInteger(this.value)) return Number(this.value);
    this.#expect("an integer");
    return 0;
  }

  flag(): boolean {
    if (typeof this.value === "boolean") return this.value;
    this.#expect("true or false");
    return false;
  }

  /** @param why completes the name of the field: "must be ...". */
  invalid(why: string): void {
    this.#add("FieldValueInvalid", `${why}: current value is ${preview(this.value)}`);
  }

  required(why = "is required"): void {
    this.#add("FieldValueRequired", why);
  }

  notSupported(supported: readonly string[]): void {
    const list = supported.map((value) => value === "" ? '""' : value).join(", ");
    this.#add(
      "FieldValueNotSupported",
      `must be one of ${list}: current value is ${preview(this.value)}`,
    );
  }

  duplicate(why = "must be unique"): void {
    this.#add("FieldValueDuplicate", `${why}: current value is ${preview(this.value)}`);
  }

  forbidden(why: string): void {
    this.#add("FieldValueForbidden", why);
  }

  notFound(why: string): void {
    this.#add("FieldValueNotFound", `${why}: current value is ${preview(this.value)}`);
  }

  tooLong(why: string): void {
    this.#add("FieldValueTooLong", why);
  }

  /** Adds problems of another function, with their paths. */
  report(problems: readonly FieldProblem[]): void {
    for (const problem of problems) this.#problems.push(problem);
  }

  #memberValue(name: string): unknown {
    if (!isObject(this.value)) {
      this.#expect("an object");
      return undefined;
    }
    return Object.hasOwn(this.value, name) ? this.value[name] : undefined;
  }

  #expect(type: string): void {
    if (!this.isSet) return;
    this.#add(
      "FieldValueTypeInvalid",
      `must be ${type}: current value is ${preview(this.value)}`,
    );
  }

  #add(reason: FieldProblem["reason"], message: string): void {
    this.#problems.push({ reason, field: this.path, message });
  }
}
