import assert from "node:assert/strict";
import type { ResourcesPolicy } from "../../../lib/api/sidecar_container.ts";
import { prepareResourcesPolicy } from "../../../lib/core/inject/resources_policy.ts";

function policy(changes: Partial<ResourcesPolicy>): ResourcesPolicy {
  return { targetContainersMode: "sum", resourcesExpr: {}, ...changes };
}

/** Whether a policy with this regular expression takes the container for a target. */
function targets(regex: string | undefined, containerName: string): boolean {
  const prepared = prepareResourcesPolicy(
    policy(regex === undefined ? {} : { targetContainersNameRegex: regex }),
  );
  assert.ok(prepared.ok);
  return prepared.value.targets(containerName);
}

Deno.test("prepareResourcesPolicy() matches its regular expression anywhere in the name", () => {
  assert.ok(targets("ai", "main"));
  assert.ok(!targets("^ai", "main"));
  assert.ok(targets("^large-.*$", "large-engine"));
  assert.ok(targets("(?i)MAIN", "main"));
  assert.ok(targets(undefined, "anything"));
});

Deno.test("prepareResourcesPolicy() matches in time linear in the name", () => {
  // A backtracking engine would never return from this.
  assert.ok(!targets("^(a+)+$", `${"a".repeat(5000)}!`));
});

Deno.test("prepareResourcesPolicy() refuses a regular expression that is too long to compile for every Pod", () => {
  const prepared = prepareResourcesPolicy(
    policy({ targetContainersNameRegex: "(a|b)".repeat(1000) }),
  );
  assert.ok(!prepared.ok);
  assert.deepEqual(prepared.problems.map(({ field }) => field), ["targetContainersNameRegex"]);
  assert.match(prepared.problems[0]?.message ?? "", /at most 1000 characters/);
});

Deno.test("prepareResourcesPolicy() has one rule for each expression that is not empty", () => {
  const prepared = prepareResourcesPolicy(policy({
    resourcesExpr: {
      limits: { cpu: "cpu", memory: "" },
      requests: { memory: "memory*50%" },
    },
  }));
  assert.ok(prepared.ok);
  assert.deepEqual(
    prepared.value.rules.map(({ list, resource, expression }) => [list, resource, expression.text]),
    [["limits", "cpu", "cpu"], ["requests", "memory", "memory*50%"]],
  );
});

Deno.test("prepareResourcesPolicy() names every field that is wrong", () => {
  const prepared = prepareResourcesPolicy(policy({
    targetContainersNameRegex: "(",
    resourcesExpr: {
      limits: { cpu: "x", memory: "1/memory" },
      requests: { cpu: "cpu", memory: "100MB" },
    },
  }));
  assert.ok(!prepared.ok);
  assert.deepEqual(prepared.problems.map(({ field, reason }) => [field, reason]), [
    ["targetContainersNameRegex", "FieldValueInvalid"],
    ["resourcesExpr.limits.cpu", "FieldValueInvalid"],
    ["resourcesExpr.limits.memory", "FieldValueInvalid"],
    ["resourcesExpr.requests.memory", "FieldValueInvalid"],
  ]);
  assert.match(
    prepared.problems[3]?.message ?? "",
    /unknown suffix "MB".*current value is "100MB"/,
  );
});

Deno.test("prepareResourcesPolicy() refuses what RE2 does not have", () => {
  for (const regex of ["a(?=b)", "(a)\\1", "[a"]) {
    assert.ok(!prepareResourcesPolicy(policy({ targetContainersNameRegex: regex })).ok, regex);
  }
});
