import type { FailedCase, FileJudgement } from "./judgement.ts";

/** One failed case with its difference, indented below its name. */
export function failureText(path: string, { name, departures, difference }: FailedCase): string {
  const numbers = departures.length > 0 ? ` (expected by ${departures.join(", ")})` : "";
  return `FAILED ${path}: ${name}${numbers}\n${difference.trim().replaceAll(/^/gm, "    ")}\n`;
}

/**
 * What a run over a folder came to: every failure, counts by file, the departures used, what is pending, and the
 * totals last.
 */
export function reportText(
  judgements: readonly FileJudgement[],
  { pending }: { pending: readonly string[] },
): string {
  const failed = judgements.reduce((sum, { failures }) => sum + failures.length, 0);
  const passed = judgements.reduce((sum, judgement) => sum + judgement.passed, 0);
  return [
    ...judgements.flatMap(({ path, failures }) => failures.map((each) => failureText(path, each))),
    ...judgements.map(({ path, passed, failures }) =>
      `${path}: ${passed} passed, ${failures.length} failed`
    ),
    "",
    "Departures from OpenKruise on purpose, and how many cases each applies to:",
    ...departureLines(judgements),
    ...pending.map((path) => `pending: ${path}: no group judges it`),
    "",
    `${passed} passed, ${failed} failed`,
  ].join("\n");
}

/** Sorted by number; the same departure may have its own words in several groups. */
function departureLines(judgements: readonly FileJudgement[]): string[] {
  const counts = new Map<string, { number: string; says: string; cases: number }>();
  for (const { group, departures } of judgements) {
    for (const [number, cases] of departures) {
      const says = group.departures.find((each) => each.number === number)?.says ?? "";
      const key = `${number} ${group.name}`;
      const before = counts.get(key)?.cases ?? 0;
      counts.set(key, { number, says: `${group.name}: ${says}`, cases: before + cases });
    }
  }
  return [...counts.values()]
    .sort((a, b) => a.number.localeCompare(b.number, "en", { numeric: true }))
    .map(({ number, says, cases }) =>
      `  ${number.padEnd(6)} ${String(cases).padStart(3)}  ${says}`
    );
}
