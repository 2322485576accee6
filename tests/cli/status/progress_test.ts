import fc from "fast-check";
import assert from "node:assert/strict";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { progressLine, progressLines } from "../../../lib/cli/status/progress.ts";
import { sidecarSetOf } from "../../support/objects.ts";

function rolloutOf(
  { name = "web", updated, matched, reason = "RollingOut" }: {
    name?: string;
    updated: number;
    matched: number;
    reason?: string;
  },
): SidecarSet {
  const status = {
    observedGeneration: 1,
    matchedPods: matched,
    updatedPods: updated,
    updatedReadyPods: updated,
    readyPods: matched,
    conditions: [{
      type: "Progressing" as const,
      status: "True" as const,
      reason,
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
  };
  return sidecarSetOf({ name, status }).sidecarSet;
}

Deno.test("progressLine() draws how much of a roll-out is done", () => {
  const lines = [0, 1, 4].map((updated) => progressLine(rolloutOf({ updated, matched: 4 }), 80));
  assert.deepEqual(lines, [
    "web [>-----------------------] 0/4 updated, 4 ready  RollingOut",
    "web [======>-----------------] 1/4 updated, 4 ready  RollingOut",
    "web [========================] 4/4 updated, 4 ready  RollingOut",
  ]);
});

Deno.test("progressLine() draws a full bar where there is no Pod", () => {
  const line = progressLine(rolloutOf({ updated: 0, matched: 0, reason: "UpToDate" }), 80);
  assert.equal(line, "web [========================] 0/0 updated, 0 ready  UpToDate");
});

Deno.test("progressLine() shortens the bar before it cuts the text", () => {
  const line = progressLine(rolloutOf({ updated: 2, matched: 4 }), 50);
  assert.equal(line, "web [=====>----] 2/4 updated, 4 ready  RollingOut");
});

Deno.test("progressLine() never fills a window to its last column", () => {
  const counts = fc.nat(100_000);
  const name = fc.stringMatching(/^[a-z]{1,63}$/);
  fc.assert(fc.property(name, counts, counts, fc.integer({ min: 1, max: 200 }), (...facts) => {
    const [name, updated, more, columns] = facts;
    const line = progressLine(rolloutOf({ name, updated, matched: updated + more }), columns);
    assert.ok(line.length < columns, line);
  }));
});

Deno.test("progressLines() shows no more lines than the window has, and first what goes on", () => {
  const names = ["a", "b", "c", "d", "e"];
  const rollouts = names.map((name) =>
    rolloutOf({
      name,
      updated: 1,
      matched: 2,
      reason: name < "c" ? "PartitionReached" : "RollingOut",
    })
  );
  const lines = progressLines(rollouts, { columns: 80, rows: 4 });
  assert.deepEqual(lines.map((line) => line.split(" ")[0]), ["c", "d", "and"]);
  assert.equal(lines.at(-1), "and 3 more");
  assert.equal(progressLines(rollouts, { columns: 80, rows: 6 }).length, 5);
});
