import assert from "node:assert/strict";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { testWith } from "../support/installed.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    readonly runbook_url: string;
  };
}

interface AlertTests {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { alertname: string; exp_alerts: readonly object[] }[];
  }[];
}

const monitoring = new URL("../../manifests/monitoring/", import.meta.url);
const alerts = new URL("alerts.yaml", import.meta.url);

async function readRules(): Promise<{ groups: { rules: Rule[] }[] }> {
  return parse(await Deno.readTextFile(new URL("rules.yaml", monitoring))).spec;
}

/** Runs promtool on rules, with a file of tests for them or without. */
async function promtool(
  command: "check" | "test",
  { rules, tests = "" }: { rules: object; tests?: string },
): Promise<{ success: boolean; output: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const rulesFile = join(folder, "rules.yaml");
    const testsFile = join(folder, "tests.yaml");
    await Deno.writeTextFile(rulesFile, stringify(rules));
    await Deno.writeTextFile(testsFile, tests);
    const args = command === "check"
      ? ["check", "rules", "--lint=all", "--lint-fatal", rulesFile]
      : ["test", "rules", testsFile];
    const { success, stdout, stderr } = await new Deno.Command("promtool", { args }).output();
    const decoder = new TextDecoder();
    return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every alert has a unique name, a severity, a summary and a description", async () => {
  const rules = (await readRules()).groups.flatMap((group) => group.rules);
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
  for (const { alert, labels, annotations } of rules) {
    assert.match(labels.severity, /^(warning|critical)$/, alert);
    assert.ok(annotations.summary !== "" && annotations.description !== "", alert);
  }
});

Deno.test("every alert has a runbook section, and every section there an alert", async () => {
  const rules = (await readRules()).groups.flatMap((group) => group.rules);
  const page = "manifests/docs/troubleshooting.md";
  for (const { alert, annotations } of rules) {
    assert.equal(annotations.runbook_url, `${page}#${alert.toLowerCase()}`);
  }
  const [, sections = ""] = (await Deno.readTextFile(new URL(`../../${page}`, import.meta.url)))
    .split("\n## Alerts\n");
  const titles = [...sections.matchAll(/^### (.+)$/gm)].map(([, title]) => title);
  assert.deepEqual(titles, rules.map(({ alert }) => alert));
});

Deno.test("every alert has a test in which it fires", async () => {
  const { tests }: AlertTests = parse(await Deno.readTextFile(alerts));
  const fired = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test)
    .filter(({ exp_alerts }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname);
  const rules = (await readRules()).groups.flatMap((group) => group.rules);
  assert.deepEqual(new Set(fired), new Set(rules.map(({ alert }) => alert)));
});

testWith("promtool", "promtool accepts the alert rules", async () => {
  const rules = await readRules();
  const checked = await promtool("check", { rules });
  assert.ok(checked.success, checked.output);
  const [rule] = rules.groups.flatMap((group) => group.rules);
  const broken = { groups: [{ name: "broken", rules: [{ ...rule, expr: "sum(" }] }] };
  assert.equal((await promtool("check", { rules: broken })).success, false);
});

testWith("promtool", "alerts fire when they should, and are silent otherwise", async () => {
  const rules = await readRules();
  const tests = await Deno.readTextFile(alerts);
  const tested = await promtool("test", { rules, tests });
  assert.ok(tested.success, tested.output);
  // Rules that do not select the job also match other operators' metrics.
  const deaf = JSON.parse(JSON.stringify(rules).replaceAll('job=\\"sidecarset\\"', 'job!=\\"\\"'));
  const { success, output } = await promtool("test", { rules: deaf, tests });
  assert.equal(success, false);
  assert.match(output, /SidecarSetWebhookFailing/);
});

testWith("promtool", "promtool accepts the queries of the dashboard", async () => {
  const text = await Deno.readTextFile(new URL("dashboard.json", monitoring));
  const { panels }: { panels: { targets: { expr: string }[] }[] } = JSON.parse(text);
  const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(queries.length > 20);
  const rules = queries.map((expr, place) => ({ record: `panel:query:${place}`, expr }));
  const checked = await promtool("check", { rules: { groups: [{ name: "dashboard", rules }] } });
  assert.ok(checked.success, checked.output);
});
