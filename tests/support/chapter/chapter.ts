/**
 * Documents that are also scripts. In blocks marked `console`, a line that begins with `$ ` is a command; lines that
 * begin with `> ` continue it. The lines below are the command's output. A line `...` stands for any number of lines.
 */

export interface Chapter {
  readonly sections: readonly Section[];
}

/** The commands below one heading of level 2; the first section has those above all of them. */
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
  /** Index of the output's first line in the whole text. */
  readonly outputAt: number;
}

/**
 * Reads a document whose first line is its title, a heading of level 1.
 *
 * @throws {Error} if it has no title or no command, or a block that has an output before its first command
 */
export function readChapter(markdown: string): Chapter {
  const lines = markdown.split("\n");
  const [, title] = /^# (.+)$/.exec(lines[0] ?? "") ?? [];
  if (title === undefined) throw new Error(`Cannot read the document: line 1 has no "# TITLE"`);
  const sections: { title: string; steps: Step[] }[] = [{ title, steps: [] }];
  let text: string[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.startsWith("## ")) {
      sections.push({ title: line.slice("## ".length), steps: [] });
      text = [];
    } else if (line === "```console") {
      const end = lines.indexOf("```", i);
      sections.at(-1)?.steps.push(...readBlock(lines, { start: i + 1, end, text }));
      text = [];
      i = end;
    } else text.push(line);
  }
  if (sections.every(({ steps }) => steps.length === 0)) {
    throw new Error(`Cannot play "${title}": it has no block marked \`console\``);
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
