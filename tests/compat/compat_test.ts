import assert from "node:assert/strict";
import { groups } from "./groups.ts";
import { readGoldenFiles } from "./golden_files.ts";
import { groupOf, judgeFile } from "./judgement.ts";
import { failureText } from "./report.ts";

const folder = new URL("testdata", import.meta.url).pathname;

Deno.test("every golden file is judged by a group, and every group has one", async () => {
  const files = await readGoldenFiles(folder);
  const judging = files.map(({ path }) => groupOf(path, groups)?.name);
  assert.deepEqual(files.filter((_, index) => judging[index] === undefined), []);
  assert.deepEqual(new Set(judging), new Set(groups.map(({ name }) => name)));
});

for (const group of groups) {
  Deno.test(`golden cases of ${group.name} end as OpenKruise's or by a named departure`, async (t) => {
    const files = (await readGoldenFiles(folder)).filter(({ path }) =>
      groupOf(path, groups) === group
    );
    for (const file of files) {
      await t.step(`${file.path}, ${file.cases.length} cases`, () => {
        const { path, failures } = judgeFile(file, group);
        const text = failures.map((each) => failureText(path, each)).join("\n");
        assert.equal(failures.length, 0, text);
      });
    }
  });
}
