import assert from "node:assert/strict";
import { FIELD_MANAGER, lastManager } from "../../lib/core/field_manager.ts";

const entry = (manager: string, seconds: number, subresource?: string) => ({
  manager,
  time: new Date(Date.parse("2026-06-01T12:00:00Z") + seconds * 1_000).toISOString(),
  ...(subresource === undefined ? {} : { subresource }),
});

Deno.test("lastManager() names which other client changed an object last, and never this program", () => {
  const own = entry(FIELD_MANAGER, 9);
  assert.equal(
    lastManager({
      managedFields: [entry("kubectl", 1), entry("argocd", 3), own, entry("helm", 2)],
    }),
    "argocd",
  );
  assert.equal(lastManager({ managedFields: [own] }), undefined);
  assert.equal(lastManager({}), undefined);
});

Deno.test("lastManager() names who changed a subresource last", () => {
  const managedFields = [entry("kubectl", 5), entry("dashboard", 3, "status")];
  assert.equal(lastManager({ managedFields }, "status"), "dashboard");
  assert.equal(lastManager({ managedFields }), "kubectl");
});
