import assert from "node:assert/strict";
import { readChapter, withOutputs } from "./chapter.ts";

const markdown = `# Book

It begins.

\`\`\`console
$ one
1
\`\`\`

## Part

\`\`\`yaml
not: a command
\`\`\`

\`\`\`console
$ two 'and
> a half'
2

5
$ three
\`\`\`

## Rest
`;

Deno.test("readChapter() reads commands and outputs, section by section", () => {
  const { sections } = readChapter(markdown);
  assert.deepEqual(sections.map(({ title }) => title), ["Book", "Part"]);
  const steps = sections.flatMap(({ steps }) => steps);
  assert.deepEqual(steps.map(({ command, output }) => ({ command, output })), [
    { command: "one", output: ["1"] },
    { command: "two 'and\na half'", output: ["2", "", "5"] },
    { command: "three", output: [] },
  ]);
  assert.deepEqual(steps[0]?.text, ["", "It begins.", ""]);
  assert.deepEqual(steps[1]?.text, ["", "```yaml", "not: a command", "```", ""]);
});

Deno.test("readChapter() refuses a document without a title or a command", () => {
  assert.throws(() => readChapter("## A\n"), /line 1 has no "# TITLE"/);
  assert.throws(() => readChapter("# A\n\n## B\n"), /has no block marked `console`/);
  assert.throws(() => readChapter("# A\n```console\nloose\n```"), /before "loose"/);
  assert.throws(() => readChapter("# A\n```console\n$ a"), /has no end/);
});

Deno.test("withOutputs() replaces outputs and nothing else", () => {
  const steps = readChapter(markdown).sections.flatMap(({ steps }) => steps);
  const [one, two, three] = steps;
  assert.ok(one && two && three);
  assert.equal(withOutputs(markdown, new Map()), markdown);
  assert.equal(
    withOutputs(markdown, new Map([[one, ["I", "one"]], [two, []], [three, ["III"]]])),
    markdown.replace("\n1\n", "\nI\none\n").replace("2\n\n5\n", "").replace(
      "three\n",
      "three\nIII\n",
    ),
  );
});
