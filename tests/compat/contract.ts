/** What one golden case comes to. */
export type Verdict =
  | { passed: true; departures: readonly string[] }
  | { passed: false; departures: readonly string[]; difference: string };

/** A place where the program differs from OpenKruise on purpose; chosen by the case's input, never by its name. */
export interface Departure<Case> {
  /** `B-38`, `D-2`. */
  readonly number: string;
  readonly says: string;
  applies(testCase: Case): boolean;
  /** The expected result, instead of the recorded one. */
  expected(testCase: Case): unknown;
}

/** One group of golden cases: one file, or all files of one folder. */
export interface CompatGroup {
  /** As in the file's name: `hash`, `inject`. */
  readonly name: string;
  /** Files relative to the folder with the cases; `inject/` means all of a folder. */
  readonly files: string;
  readonly departures: readonly { readonly number: string; readonly says: string }[];
  judge(testCase: { name: string } & Record<string, unknown>): Verdict;
}
