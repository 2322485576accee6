/** A link to a file of the repository, or to a heading. */
export interface Link {
  /** The path before `#`; empty for a heading of the same document. */
  readonly path: string;
  /** What follows `#`; empty where the link names no heading. */
  readonly anchor: string;
  /** Line number of the link, from 1. */
  readonly line: number;
}

/** Relative links of a Markdown document, outside code blocks and code spans. URLs with a scheme are left out. */
export function relativeLinks(markdown: string): Link[] {
  return proseLines(markdown).flatMap(({ text, line }) =>
    [...text.replaceAll(/`[^`]*`/g, "``").matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => {
        const [path = "", anchor = ""] = target.split("#");
        return { path, anchor, line };
      })
  );
}

/** Anchors of a document's headings, as GitHub makes them: a repeated one gets the suffix `-1`, `-2`, … */
export function anchors(markdown: string): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const found = new Set<string>();
  for (const { text } of proseLines(markdown)) {
    const [, title] = /^#{1,6} (.+)$/.exec(text) ?? [];
    if (title === undefined) continue;
    const slug = title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim()
      .replaceAll(" ", "-");
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

/** Contents of the fenced code blocks of one language. */
export function codeBlocks(markdown: string, language: string): string[] {
  const blocks = markdown.matchAll(/^( *)```(\S*)\n([\s\S]*?)^\1```$/gm);
  return [...blocks].filter(([, , named]) => named === language).map(([, , , text = ""]) => text);
}

function proseLines(markdown: string): { text: string; line: number }[] {
  let isCode = false;
  return markdown.split("\n").flatMap((text, place) => {
    const isFence = text.trimStart().startsWith("```");
    if (isFence) isCode = !isCode;
    return isCode || isFence ? [] : [{ text, line: place + 1 }];
  });
}
