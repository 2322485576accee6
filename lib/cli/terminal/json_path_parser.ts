import {
  type Filter,
  type Literal,
  OPERATORS,
  type Part,
  type Path,
  type Step,
  templateError,
} from "./json_path_template.ts";

/**
 * Parses a template in the syntax of `kubectl -o jsonpath` (client-go, `util/jsonpath`).
 *
 * @throws {CliError} with the position and the remedy.
 */
export function parseTemplate(template: string): readonly Part[] {
  if (!template.includes("{")) {
    throw templateError(
      template,
      0,
      `it has no expression in braces; write {.${template.replace(/^\./, "")}}`,
    );
  }
  return new Parser(template).parse();
}

/** An open `{range}`. */
interface OpenRange {
  readonly path: Path;
  readonly at: number;
  /** The parts in front of it, on its own level. */
  readonly before: Part[];
}

const FIELD_END = /[\s.,[\]$@{}()=!<>]/;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Part[] {
    let parts: Part[] = [];
    const ranges: OpenRange[] = [];
    while (this.#at < this.#text.length) {
      const start = this.#at;
      const brace = this.#text.indexOf("{", start);
      if (brace !== start) {
        this.#at = brace < 0 ? this.#text.length : brace;
        parts.push({ kind: "text", text: this.#text.slice(start, this.#at) });
        continue;
      }
      this.#at++;
      const word = this.#keyword();
      if (word === "end") {
        const range = ranges.pop();
        if (range === undefined) this.#fail("there is no {range} to end; remove {end}", start);
        const { path, before } = range;
        parts = [...before, { kind: "range", path, parts }];
      } else {
        const path = this.#path("}");
        if (word === "range") {
          ranges.push({ path, at: start, before: parts });
          parts = [];
        } else parts.push({ kind: "path", path });
      }
      this.#expect("}", { open: "{", at: start });
    }
    const [open] = ranges;
    if (open) this.#fail("the {range} does not end; add {end}", open.at);
    return parts;
  }

  /** Consumes `range` or `end`. */
  #keyword(): string | undefined {
    this.#skipSpaces();
    const [word] = /^(range|end)(?=[\s.[\]{}$@]|$)/.exec(this.#rest()) ?? [];
    this.#at += word?.length ?? 0;
    return word;
  }

  /** Parses steps up to one of the characters, which is not consumed. */
  #path(ends: string): Path {
    const steps: Step[] = [];
    for (;;) {
      this.#skipSpaces();
      const next = this.#text[this.#at];
      if (next === undefined || ends.includes(next)) return steps;
      steps.push(...this.#step(next, steps.at(-1)));
    }
  }

  #step(next: string, last: Step | undefined): readonly Step[] {
    const start = this.#at;
    if (next === "$" || next === "@") {
      // Both are the current value.
      this.#at++;
      return [];
    }
    if (this.#rest().startsWith("..")) {
      if (last?.kind === "recursive") this.#fail("there are several .. in a row; remove one");
      this.#at += 2;
      const name = this.#fieldName();
      return name === "" ? [{ kind: "recursive" }] : [{ kind: "recursive" }, stepOf(name)];
    }
    if (next === ".") {
      this.#at++;
      const name = this.#fieldName();
      return name === "" ? [] : [stepOf(name)];
    }
    if (next === "[") return this.#brackets();
    if (next === '"' || next === "'") return [{ kind: "literal", value: this.#quoted() }];
    const literal = this.#literal();
    if (literal !== undefined) return [{ kind: "literal", value: literal }];
    const [word = ""] = /^[\w-]+/.exec(this.#rest()) ?? [];
    if (word !== "") this.#fail(`${word} is not a keyword; a field begins with a dot: .${word}`);
    this.#fail(`${next} is not expected here; quote text as {"${next}"}`, start);
  }

  #brackets(): Step[] {
    const at = this.#at;
    if (this.#rest().startsWith("[?(")) {
      this.#at += 3;
      const filter = this.#filter(at);
      this.#expect(")", { open: "[?(", at });
      this.#expect("]", { open: "[", at });
      return [filter];
    }
    this.#at++;
    const members = [this.#member(at)];
    while (this.#take(",")) members.push(this.#member(at));
    this.#expect("]", { open: "[", at });
    const [first = []] = members;
    return members.length > 1 ? [{ kind: "union", paths: members }] : [...first];
  }

  /** One of the comma-separated members in brackets: a quoted key, `*`, an index or a slice. */
  #member(at: number): Path {
    this.#skipSpaces();
    const start = this.#at;
    const next = this.#text[start];
    if (next === "'" || next === '"') {
      const end = this.#text.indexOf(next, start + 1);
      if (end < 0) this.#fail(`the quote is not closed; add ${next}`, start);
      this.#at = end + 1;
      // As in kubectl, dots in the key separate fields unless they are escaped.
      return this.#text.slice(start + 1, end).split(/(?<!\\)\./).map((name) =>
        stepOf(unescaped(name))
      );
    }
    if (this.#take("*")) return [{ kind: "slice", isIndex: false, at }];
    const [match = "", first = "", second, third] =
      /^(-?\d*)(?::(-?\d*))?(?::(\d*))?/.exec(this.#rest()) ?? [];
    if (match === "") {
      this.#fail("the brackets need an index, *, a quoted key or a filter: [0], ['key'], [?(@.a)]");
    }
    this.#at += match.length;
    const [from, to, step] = [first, second, third].map(numberOf);
    if (step === 0) this.#fail("the step of a slice is 0; use 1 or more", start);
    return [{
      kind: "slice",
      ...(from === undefined ? {} : { start: from }),
      ...(to === undefined ? {} : { end: to }),
      ...(step === undefined ? {} : { step }),
      isIndex: second === undefined,
      at,
    }];
  }

  #filter(at: number): Filter {
    const left = this.#path("=!<>)]");
    const operator = OPERATORS.find((each) => this.#rest().startsWith(each));
    if (operator === undefined) {
      if ("=!<>".includes(this.#text[this.#at] ?? ")")) {
        this.#fail(`the operator is unknown; use one of ${OPERATORS.join(" ")}`);
      }
      return { kind: "filter", left, at };
    }
    this.#at += operator.length;
    const right = this.#path("=!<>)]");
    if ("=!<>".includes(this.#text[this.#at] ?? ")")) {
      this.#fail(`the operator is unknown; use one of ${OPERATORS.join(" ")}`);
    }
    if (right.length === 0) {
      this.#fail(`there is nothing to compare with after ${operator}; add a value such as "text"`);
    }
    return { kind: "filter", left, comparison: { operator, right }, at };
  }

  /** The name after a dot; a backslash escapes a character that would end it. */
  #fieldName(): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !FIELD_END.test(this.#text[this.#at] ?? "")) {
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    return unescaped(this.#text.slice(start, this.#at));
  }

  #quoted(): string {
    const quote = this.#text[this.#at];
    const start = this.#at++;
    let value = "";
    for (; this.#text[this.#at] !== quote; this.#at++) {
      const next = this.#text[this.#at];
      if (next === undefined) this.#fail(`the quote is not closed; add ${quote}`, start);
      if (next === "\\") {
        const escaped = this.#text[++this.#at] ?? "";
        value += ESCAPES[escaped] ?? escaped;
      } else value += next;
    }
    this.#at++;
    return value;
  }

  /** A number, true or false. */
  #literal(): Literal | undefined {
    const [text] = /^(?:[+-]?\d+(?:\.\d+)?|true|false)(?![\w-])/.exec(this.#rest()) ?? [];
    if (text === undefined) return undefined;
    this.#at += text.length;
    return text === "true" ? true : text === "false" ? false : Number(text);
  }

  #rest(): string {
    return this.#text.slice(this.#at);
  }

  #skipSpaces(): void {
    while (/\s/.test(this.#text[this.#at] ?? "")) this.#at++;
  }

  #take(character: string): boolean {
    this.#skipSpaces();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string, { open, at }: { open: string; at: number }): void {
    if (!this.#take(character)) {
      this.#fail(`the ${open} of character ${at + 1} is not closed; add ${character}`);
    }
  }

  #fail(problem: string, at = this.#at): never {
    throw templateError(this.#text, at, problem);
  }
}

function stepOf(name: string): Step {
  return name === "*" ? { kind: "wildcard" } : { kind: "field", name };
}

function unescaped(name: string): string {
  return name.replaceAll("\\", "");
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === "" || text === "-" ? undefined : Number(text);
}
