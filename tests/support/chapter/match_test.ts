import assert from "node:assert/strict";
import { asWritten, lasting } from "./match.ts";

Deno.test("lasting() replaces ages, times, hashes and generated names", () => {
  const pairs = [
    [
      "frontend-7d4b8c9f56-x2v9q   2/2   Running   0     7s",
      "frontend-6c5d9b7f8d-bcd4f  2/2  Running  0   2m13s",
    ],
    ["first-entry-9xk2p  0/2", "first-entry-bbbbb  0/2"],
    ["logging-595d5b7ffd", "logging-7c9d4b8f9"],
    ["created 2026-11-25T22:24:41Z", "created 2025-01-01T00:00:00.123Z"],
    ["uid 0a1b2c3d-0000-4000-8000-000000000000", "uid ffffffff-0000-4000-8000-000000000000"],
  ] as const;
  for (const [a, b] of pairs) assert.equal(lasting(a), lasting(b));
});

Deno.test("lasting() keeps everything else", () => {
  const lines = [
    "NAME  READY",
    "  indented by two",
    "deployment.apps/redis-leader created",
    "job.batch/first-entry condition met",
    "  image: busybox:1.36",
    "6 logging restarted 1 times",
  ];
  for (const line of lines) assert.equal(lasting(line), line);
});

Deno.test("asWritten() compares line by line", () => {
  assert.deepEqual(asWritten(["a 5s", "b"], ["a 6m", "b"]), ["a 6m", "b"]);
  assert.deepEqual(asWritten([], []), []);
  for (const [written, printed] of [["a", "b"], ["a", "a b"], ["a b", "a"], ["", "a"]] as const) {
    const [left, right] = [written, printed].map((text) =>
      text.split(" ").filter((it) => it !== "")
    );
    assert.equal(asWritten(left ?? [], right ?? []), undefined);
  }
});

Deno.test("asWritten() matches any lines with ..., and keeps it", () => {
  for (const between of [[], ["x"], ["x", "y"]]) {
    const lines = ["a 1s", ...between, "b"];
    assert.deepEqual(asWritten(["a 5s", "  ...", "b"], lines), ["a 1s", "  ...", "b"]);
  }
  assert.deepEqual(asWritten(["..."], []), ["..."]);
  assert.equal(asWritten(["a", "...", "b"], ["a", "x"]), undefined);
});
