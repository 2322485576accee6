import { type FileResult, noTests } from "./junit.ts";

/**
 * More failing files than this are not run again: they have another cause than the timing of one test.
 *
 * Tests on a control plane run on machines that others use too, next to other control planes. A test that fails there,
 * and passes when it runs alone, is reported as flaky, so that it is repaired; it does not cost the whole run.
 */
const MAX_RERUN_FILES = 3;

/** A failure that belongs to no file, such as a type error. */
export const unattributed: FileResult = {
  file: "",
  totals: { ...noTests, failed: 1 },
  failures: [],
};

/** Adds the errors that `deno test` reports outside of tests, which its JUnit report lacks. */
export function withUncaughtErrors(results: readonly FileResult[], output: string): FileResult[] {
  // deno-lint-ignore no-control-regex
  const plain = output.replace(/\x1b\[[0-9;]*m/g, "");
  const headings = plain.matchAll(/^(\S+) \(uncaught error\)\n(error: .*)$/gm);
  const errors = Map.groupBy(headings, ([, file = ""]) => file);
  const known = new Set(results.map(({ file }) => file));
  const missing = [...errors.keys()].filter((file) => !known.has(file));
  return [
    ...results,
    ...missing.map((file) => ({ file, totals: noTests, failures: [] })),
  ].map((result) => {
    const found = errors.get(result.file) ?? [];
    if (found.length === 0) return result;
    const { totals } = result;
    return {
      ...result,
      totals: { ...totals, failed: totals.failed + found.length },
      failures: [
        ...found.map(([, , text = ""]) => `outside of tests: ${text}`),
        ...result.failures,
      ],
    };
  });
}

/** The files that are run once more, each alone; none if too many failed, or something else did. */
export function filesToRerun(results: readonly FileResult[]): string[] {
  const failing = results.filter(({ totals }) => totals.failed > 0).map(({ file }) => file);
  const isSystematic = failing.length > MAX_RERUN_FILES || failing.includes(unattributed.file);
  return isSystematic ? [] : failing;
}

/**
 * The results where the second run of a file replaces the first, so that its tests count once. A second run that
 * reports no test of the file replaces nothing.
 *
 * @returns also the first results of the files that passed alone
 */
export function afterRerun(
  first: readonly FileResult[],
  again: readonly FileResult[],
): { results: FileResult[]; flaky: FileResult[] } {
  const second = new Map(again.map((result) => [result.file, result]));
  const isFlaky = ({ file, totals }: FileResult) =>
    totals.failed > 0 && second.get(file)?.totals.failed === 0;
  return {
    results: first.map((result) => second.get(result.file) ?? result),
    flaky: first.filter(isFlaky),
  };
}

/** `flaky: FILE (passed alone)` and the failures of its first run. */
export function flakyText({ file, failures }: FileResult): string {
  const [heading, ...texts] = [`flaky: ${file} (passed alone)`, ...failures];
  return [heading, ...texts.map((text) => text.replace(/^/gm, "  "))].join("\n");
}
