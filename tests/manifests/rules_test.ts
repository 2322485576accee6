import assert from "node:assert/strict";
import { parse, stringify } from "yaml";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

async function readRules(): Promise<{ groups: { rules: Rule[] }[] }> {
  const file = new URL("../../manifests/monitoring/rules.yaml", import.meta.url);
  return parse(await Deno.readTextFile(file)).spec;
}

/** What `promtool check rules` says; undefined where there is no promtool. */
async function promtool(rules: object): Promise<{ success: boolean; output: string } | undefined> {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, stringify(rules));
    const command = new Deno.Command("promtool", { args: ["check", "rules", file] });
    const { success, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("every alert has a name of its own, says how bad it is, and what to do", async () => {
  const rules = (await readRules()).groups.flatMap((group) => group.rules);
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(warning|critical)$/, alert);
    assert.ok(annotations.summary !== "" && annotations.description !== "", alert);
  }
});

Deno.test("promtool accepts the alert rules", async () => {
  const rules = await readRules();
  const checked = await promtool(rules);
  if (checked === undefined) {
    console.log("There is no promtool on the PATH: the expressions of the rules are not checked");
    return;
  }
  assert.ok(checked.success, checked.output);
  const [rule] = rules.groups.flatMap((group) => group.rules);
  const broken = { groups: [{ name: "broken", rules: [{ ...rule, expr: "sum(" }] }] };
  assert.equal((await promtool(broken))?.success, false);
});
