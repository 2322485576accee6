import assert from "node:assert/strict";
import type { Condition, SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import { isStatusOverwritten } from "../../../lib/core/status/next_status.ts";

const condition = (type: string, status: Condition["status"]): Condition => ({
  type,
  status,
  reason: "InForce",
  message: "",
  lastTransitionTime: "2026-02-01T00:00:00Z",
});
const kept: SidecarSetStatus = {
  matchedPods: 3,
  evictions: [],
  conditions: [condition("Ready", "True"), condition("Shop", "True")],
};

Deno.test("isStatusOverwritten() sees changed and removed fields and conditions", () => {
  const { matchedPods: _, ...without } = kept;
  for (
    const status of [
      { ...kept, matchedPods: 4 },
      without,
      { ...kept, conditions: [condition("Ready", "False"), condition("Shop", "True")] },
      { ...kept, conditions: [] },
      { ...kept, effectiveSince: "2026-02-01T00:00:00Z" },
      undefined,
    ]
  ) {
    assert.ok(isStatusOverwritten(status, kept), JSON.stringify(status));
  }
});

Deno.test("isStatusOverwritten() does not mind what others add, nor their conditions", () => {
  assert.ok(!isStatusOverwritten({ ...kept }, kept));
  const conditions = [
    condition("Other", "True"),
    condition("Shop", "False"),
    condition("Ready", "True"),
  ];
  assert.ok(!isStatusOverwritten({ ...kept, theirs: 2, conditions }, { ...kept, theirs: 1 }));
});
