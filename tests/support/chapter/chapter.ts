/**
 * Chapters of the README that are scripts too: in blocks marked `console`, a line that begins with `$ ` is a command (it may go
 * on behind `> `, as in a shell), and the lines below it are what the command prints. A line `...` stands for any lines.
 */

export interface Chapter {
  readonly sections: readonly Section[];
}

/** What stands below one heading; the first section is the chapter's beginning. */
export interface Section {
  readonly title: string;
  readonly steps: readonly Step[];
}

export interface Step {
  /** The text before the command, in lines; empty where commands follow each other. */
  readonly text: readonly string[];
  /** For a shell. */
  readonly command: string;
  /** What the command prints, in lines. */
  readonly output: readonly string[];
  /** Where the output stands in the whole text: the index of its first line. */
  readonly outputAt: number;
}

/**
 * Reads the chapter below a heading of level 2.
 *
 * @throws {Error} if there is no such heading, no command below it, or a block with something before its first command
 */
export function readChapter(markdown: string, title: string): Chapter {
  const lines = markdown.split("\n");
  const start = lines.indexOf(`## ${title}`);
  if (start === -1) throw new Error(`Cannot find the chapter "${title}": no line is "## ${title}"`);
  const sections: { title: string; steps: Step[] }[] = [{ title, steps: [] }];
  let text: string[] = [];
  for (let i = start + 1; i < lines.length && !lines[i]?.startsWith("## "); i++) {
    const line = lines[i] ?? "";
    if (line.startsWith("### ")) {
      sections.push({ title: line.slice("### ".length), steps: [] });
      text = [];
    } else if (line === "```console") {
      const end = lines.indexOf("```", i);
      sections.at(-1)?.steps.push(...readBlock(lines, { start: i + 1, end, text }));
      text = [];
      i = end;
    } else text.push(line);
  }
  if (sections.every(({ steps }) => steps.length === 0)) {
    throw new Error(`Cannot play the chapter "${title}": it has no block marked \`console\``);
  }
  return { sections: sections.filter(({ steps }) => steps.length > 0) };
}

/** The whole text with other outputs, each for one step. */
export function withOutputs(
  markdown: string,
  outputs: ReadonlyMap<Step, readonly string[]>,
): string {
  const lines = markdown.split("\n");
  const lastFirst = [...outputs].sort(([a], [b]) => b.outputAt - a.outputAt);
  for (const [{ outputAt, output }, printed] of lastFirst) {
    lines.splice(outputAt, output.length, ...printed);
  }
  return lines.join("\n");
}

function readBlock(
  lines: readonly string[],
  { start, end, text }: { start: number; end: number; text: readonly string[] },
): Step[] {
  if (end === -1) throw new Error(`Cannot read the block at line ${start}: it has no end`);
  const steps: Step[] = [];
  let i = start;
  while (i < end) {
    const first = lines[i] ?? "";
    if (!first.startsWith("$ ")) {
      throw new Error(`Cannot read line ${i + 1}: a command has to stand before "${first}"`);
    }
    const command = [first.slice("$ ".length)];
    i++;
    for (; i < end && lines[i]?.startsWith("> "); i++) {
      command.push(lines[i]?.slice("> ".length) ?? "");
    }
    const outputAt = i;
    while (i < end && !lines[i]?.startsWith("$ ")) i++;
    steps.push({
      text: steps.length === 0 ? text : [],
      command: command.join("\n"),
      output: lines.slice(outputAt, i),
      outputAt,
    });
  }
  return steps;
}
