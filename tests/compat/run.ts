import { groups } from "./groups.ts";
import { GoldenFileError, readGoldenFiles } from "./golden_files.ts";
import { groupOf, judgeFile } from "./judgement.ts";
import { runByPolicy } from "./policy/run.ts";
import { reportText } from "./report.ts";

/** Compares the Pods of a MutatingAdmissionPolicy with those of the webhook, on a real API server. */
const BY_POLICY = "--mechanism=policy";

/**
 * Judges the golden cases of a folder and prints the report.
 *
 * @param args a folder, and {@linkcode BY_POLICY}
 * @returns The exit status: 0 if all passed, 1 if one failed, 2 if the cases cannot be judged.
 */
async function run(args: readonly string[]): Promise<number> {
  const folders = args.filter((each) => each !== BY_POLICY);
  const [folder = new URL("testdata", import.meta.url).pathname, ...more] = folders;
  if (more.length > 0) {
    console.error(`Cannot judge several folders at once: give one, or none for the project's own`);
    return 2;
  }
  try {
    const files = await readGoldenFiles(folder);
    if (args.includes(BY_POLICY)) return await runByPolicy(folder, files);
    const pending = files.filter(({ path }) => !groupOf(path, groups)).map(({ path }) => path);
    const judgements = files.flatMap((file) => {
      const group = groupOf(file.path, groups);
      return group ? [judgeFile(file, group)] : [];
    });
    console.log(reportText(judgements, { pending }));
    if (judgements.length === 0) {
      console.error(`Cannot judge ${folder}: no group judges any of its files`);
      return 2;
    }
    return judgements.every(({ failures }) => failures.length === 0) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GoldenFileError)) throw error;
    console.error(error.message);
    return 2;
  }
}

Deno.exit(await run(Deno.args));
