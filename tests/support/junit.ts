/** How many tests and steps ended in which way. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The tests of one file. */
export interface FileResult {
  /** As `deno test` names it: `./tests/cluster/x_test.ts`. */
  readonly file: string;
  readonly totals: Totals;
  /** Texts of its failures. */
  readonly failures: readonly string[];
}

export const noTests: Totals = { passed: 0, failed: 0, skipped: 0 };

/**
 * Reads a JUnit report as `deno test` writes it; steps count like tests.
 *
 * @throws {Error} if there is no total in it
 */
export function readJunit(xml: string): FileResult[] {
  const suites = xml.split(/(?=<testsuite )/).filter((part) => part.startsWith("<testsuite "));
  if (suites.length === 0 && !xml.includes("<testsuites ")) {
    throw new Error("Cannot read the JUnit report: it has no test suites");
  }
  return suites.map((suite) => {
    const [tag = ""] = /<testsuite [^>]*>/.exec(suite) ?? [];
    const failed = numberOf(tag, "failures") + numberOf(tag, "errors");
    const skipped = numberOf(tag, "disabled");
    return {
      file: unescaped(/ name="([^"]*)"/.exec(tag)?.[1] ?? ""),
      totals: { passed: numberOf(tag, "tests") - failed - skipped, failed, skipped },
      failures: failuresIn(suite),
    };
  });
}

export function totalsOf(results: readonly FileResult[]): Totals {
  return results.map(({ totals }) => totals).reduce(add, noTests);
}

export function add(a: Totals, b: Totals): Totals {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** `12 passed, 0 failed`, and `, 1 skipped` where there is one. */
export function summary({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

function failuresIn(suite: string): string[] {
  const cases = suite.matchAll(
    /<testcase name="([^"]*)"[^>]*>\s*<(failure|error) message="([^"]*)"(?:\/>|>([^<]*)<\/\2>)/g,
  );
  return [...cases].map(([, name = "", , message = "", text = message]) =>
    `${unescaped(name)}: ${unescaped(text)}`
  );
}

function numberOf(tag: string, attribute: string): number {
  const match = new RegExp(` ${attribute}="(\\d+)"`).exec(tag);
  if (!match) throw new Error(`Cannot read the JUnit report: a test suite has no ${attribute}`);
  return Number(match[1]);
}

function unescaped(text: string): string {
  const characters: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => characters[name] ?? "");
}
