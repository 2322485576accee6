import { createTwoFilesPatch } from "diff";
import type { Step } from "./chapter.ts";

/** Characters of generated names: without vowels and the digits that look like them. */
const GENERATED = "[bcdfghjklmnpqrstvwxz2456789]";

const CHANGING: readonly { readonly what: RegExp; readonly name: string }[] = [
  { what: /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, name: "<time>" },
  { what: /\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, name: "<uid>" },
  // A ReplicaSet's Pod; a revision, or a ReplicaSet; a Job's Pod.
  { what: new RegExp(`-${GENERATED}{8,10}-${GENERATED}{5}\\b`, "g"), name: "-<hash>-<id>" },
  { what: new RegExp(`-${GENERATED}{8,10}\\b`, "g"), name: "-<hash>" },
  { what: new RegExp(`-${GENERATED}{5}\\b`, "g"), name: "-<id>" },
  { what: /(?<![\w.-])(\d+[dhms])+(?![\w.-])/g, name: "<age>" },
  // The gap between two columns depends on the widest name or age.
  { what: /(?<=\S) {2,}/g, name: "  " },
];

/** A printed line with placeholders for ages, times, hashes and generated names. */
export function lasting(line: string): string {
  return CHANGING.reduce((text, { what, name }) => text.replaceAll(what, name), line.trimEnd());
}

/** Stands for any number of lines. */
const isGap = (line: string) => line.trim() === "...";

/**
 * The output of a command as the document has it, with its `...` lines.
 *
 * @param written the output in the document
 * @param printed the real output
 * @returns undefined where they differ
 */
export function asWritten(
  written: readonly string[],
  printed: readonly string[],
): readonly string[] | undefined {
  const [first, ...rest] = written;
  if (first === undefined) return printed.length === 0 ? [] : undefined;
  if (isGap(first)) {
    for (let skipped = 0; skipped <= printed.length; skipped++) {
      const found = asWritten(rest, printed.slice(skipped));
      if (found) return [first, ...found];
    }
    return undefined;
  }
  const [line, ...others] = printed;
  if (line === undefined || lasting(first) !== lasting(line)) return undefined;
  const found = asWritten(rest, others);
  return found && [line, ...found];
}

/** A diff of the document's output and the real one, and the exit status of a command that failed. */
export function differenceText(
  { command, output }: Step,
  { printed, status }: { printed: readonly string[]; status: number },
): string {
  const [written = "", really = ""] = [output, printed].map((lines) =>
    lines.map((line) => `${line}\n`).join("")
  );
  const patch = createTwoFilesPatch("chapter", "printed", written, really).replace(/^=+\n/, "");
  const failure = status === 0 ? "" : `It failed with exit status ${status}.\n`;
  return `$ ${command}\n${failure}${patch}`;
}
