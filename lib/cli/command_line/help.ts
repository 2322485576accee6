export interface HelpNotes {
  /** In lines of at most 80 columns. */
  readonly text?: readonly string[];
  /** Without the program's name in front, unless something else comes first. */
  readonly examples: readonly string[];
  /** Each with its meaning. */
  readonly statuses: readonly string[];
}

/** What stands below the options in the help of a command. */
export function helpNotes({ text = [], examples, statuses }: HelpNotes): string {
  const lines = examples.map((line) => line.includes("sidecarset ") ? line : `sidecarset ${line}`);
  return [
    ...(text.length > 0 ? ["", ...text] : []),
    "",
    examples.length > 1 ? "Examples:" : "Example:",
    ...lines.map((line) => `  ${line}`),
    "",
    "Exit status:",
    ...statuses.map((line) => `  ${line}`),
  ].join("\n");
}
