import type { CompatGroup } from "./contract.ts";
import type { GoldenCase, GoldenFile } from "./golden_files.ts";

export interface FailedCase {
  readonly name: string;
  readonly departures: readonly string[];
  readonly difference: string;
}

/** What the cases of one file come to. */
export interface FileJudgement {
  readonly path: string;
  readonly group: CompatGroup;
  readonly passed: number;
  readonly failures: readonly FailedCase[];
  /** How many cases each departure applied to, by its number. */
  readonly departures: ReadonlyMap<string, number>;
}

/** The group that a file's cases belong to; undefined where none judges them yet. */
export function groupOf(path: string, groups: readonly CompatGroup[]): CompatGroup | undefined {
  return groups.find(({ files }) => files.endsWith("/") ? path.startsWith(files) : path === files);
}

/** Judges every case of a file. A case that makes its group throw has failed. */
export function judgeFile({ path, cases }: GoldenFile, group: CompatGroup): FileJudgement {
  const failures: FailedCase[] = [];
  const departures = new Map<string, number>();
  for (const testCase of cases) {
    const verdict = judge(testCase, group);
    for (const number of verdict.departures) {
      departures.set(number, (departures.get(number) ?? 0) + 1);
    }
    if (!verdict.passed) failures.push({ ...verdict, name: testCase.name });
  }
  return { path, group, passed: cases.length - failures.length, failures, departures };
}

function judge(testCase: GoldenCase, group: CompatGroup) {
  try {
    return group.judge(testCase);
  } catch (error) {
    const difference = error instanceof Error ? error.stack ?? error.message : String(error);
    return { passed: false as const, departures: [], difference };
  }
}
