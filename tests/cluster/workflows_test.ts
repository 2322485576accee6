import assert from "node:assert/strict";
import { parse } from "yaml";
import { findBinaries } from "../support/binaries.ts";

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
}

const folder = new URL("../../.github/workflows/", import.meta.url).pathname;

async function workflows(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    found.set(name, await Deno.readTextFile(folder + name));
  }
  return found;
}

async function usageOf(task: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", task, "--help"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("actionlint accepts every workflow", async () => {
  const binaries = await findBinaries(["actionlint"]);
  const files = [...(await workflows()).keys()].map((name) => folder + name);
  const { success, stdout } = await new Deno.Command(binaries.path("actionlint"), {
    args: files,
  }).output();
  assert.ok(success, new TextDecoder().decode(stdout));
});

Deno.test("every action is pinned by its full commit, and no workflow may write by default", async () => {
  for (const [name, text] of await workflows()) {
    for (const [, action = ""] of text.matchAll(/uses: (\S+)/g)) {
      if (action.startsWith("./")) await Deno.stat(new URL(`../../${action}`, import.meta.url));
      else assert.match(action, /@[0-9a-f]{40}$/, `${name}: ${action}`);
    }
    assert.deepEqual(parse(text).permissions, { contents: "read" }, name);
  }
});

Deno.test("a release writes only what each of its jobs is for", async () => {
  const { jobs } = parse((await workflows()).get("release.yml") ?? "");
  const may = Object.entries(jobs).map(([name, job]) => [name, (job as Job).permissions ?? "none"]);
  const signs = { "id-token": "write", attestations: "write" };
  assert.deepEqual(Object.fromEntries(may), {
    check: "none",
    ci: "none",
    image: { contents: "read", packages: "write", ...signs },
    files: { contents: "write", ...signs },
  });
});

Deno.test("nothing is published before the tag, the files and every test were checked", async () => {
  const { jobs } = parse((await workflows()).get("release.yml") ?? "");
  assert.deepEqual(jobs.image.needs, ["check", "ci"]);
  assert.equal(jobs.files.needs, "image");
  assert.equal(jobs.ci.uses, "./.github/workflows/ci.yml");
  assert.match(JSON.stringify(jobs.check.steps), /--require-executables --tag/);
});

Deno.test("every task that a workflow calls exists, and has the options that it is given", async () => {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  );
  let called = 0;
  for (const [name, text] of await workflows()) {
    const commands = text.replaceAll(/\\\n\s*/g, "").matchAll(/\$DENO task (\S+)(.*)/g);
    for (const [, task = "", args = ""] of commands) {
      called++;
      assert.ok(config.tasks[task], `${name}: task ${task}`);
      const options = args.match(/--[a-z-]+/g) ?? [];
      const usage = options.length > 0 ? await usageOf(task) : "";
      for (const option of options) assert.ok(usage.includes(`  ${option} `), `${task} ${option}`);
    }
  }
  assert.ok(called >= 5);
});

Deno.test("the workflows use the Deno of .ci/run", async () => {
  const ci = await Deno.readTextFile(new URL("../../.ci/run", import.meta.url));
  const [, version] = /^required=(\S+)$/m.exec(ci) ?? [];
  for (const [name, text] of await workflows()) {
    assert.equal(parse(text).env.DENO, `npx -y deno@${version}`, name);
  }
});
