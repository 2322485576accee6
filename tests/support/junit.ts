/** How many tests and steps ended in which way. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const noTests: Totals = { passed: 0, failed: 0, skipped: 0 };

/**
 * Reads the totals of a JUnit report as `deno test` writes it; steps count like tests.
 *
 * @throws {Error} if there is no total in it
 */
export function readJunit(xml: string): Totals {
  const suites = [...xml.matchAll(/<testsuite [^>]*>/g)].map(([tag]) => tag);
  if (suites.length === 0 && !xml.includes("<testsuites ")) {
    throw new Error("Cannot read the JUnit report: it has no test suites");
  }
  return suites.map((tag) => {
    const failed = numberOf(tag, "failures") + numberOf(tag, "errors");
    const skipped = numberOf(tag, "disabled");
    return { passed: numberOf(tag, "tests") - failed - skipped, failed, skipped };
  }).reduce(add, noTests);
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

function numberOf(tag: string, attribute: string): number {
  const match = new RegExp(` ${attribute}="(\\d+)"`).exec(tag);
  if (!match) throw new Error(`Cannot read the JUnit report: a test suite has no ${attribute}`);
  return Number(match[1]);
}
