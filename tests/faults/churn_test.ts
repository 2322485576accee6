import assert from "node:assert/strict";
import type { ChurnRound } from "./churn.ts";

const ROUNDS = 6;
/** In the first rounds, functions are compiled and caches of a limited size are filled. */
const WARM_UP = 3;
/**
 * Of the heap after the warm-up: less than 60 bytes for each Pod of the later rounds. Half of that is room for equal
 * conditions of statuses, which is filled later.
 */
const MAX_GROWTH = 1.01;
/** Optimized code and its feedback grow for many rounds; without them the heap is the same after each. */
const V8_FLAGS = ["--expose-gc", "--jitless", "--no-lazy-feedback-allocation"];

/** Runs the rounds in a process with these flags. */
async function churn(rounds: number): Promise<ChurnRound[]> {
  const script = new URL("churn.ts", import.meta.url).pathname;
  const flags = `--v8-flags=${V8_FLAGS.join()}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", flags, script, String(rounds)],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  assert.equal(code, 0, decoder.decode(stderr));
  return decoder.decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
}

Deno.test("the heap does not grow while thousands of Pods and their SidecarSets come and go", async () => {
  const rounds = await churn(ROUNDS);
  assert.equal(rounds.length, ROUNDS);
  const first = rounds[WARM_UP - 1];
  const last = rounds.at(-1);
  assert.ok(first && last);
  assertEqualWork(rounds);
  assert.equal(last.objects, first.objects, "no round leaves objects behind");
  const heaps = rounds.map(({ heapBytes }) => heapBytes).join(", ");
  assert.ok(last.heapBytes < first.heapBytes * MAX_GROWTH, `bytes after each round: ${heaps}`);
});

/** Without its work, a round would prove nothing about the controllers. */
function assertEqualWork(rounds: readonly ChurnRound[]): void {
  for (const [i, { writes, reasons }] of rounds.entries()) {
    const before = rounds[i - 1]?.writes ?? {};
    const count = (kind: string) => (writes[kind] ?? 0) - (before[kind] ?? 0);
    const minima = {
      // Image changes, ended sidecars and clean-ups.
      "PATCH pods": 1_000,
      // Missed Pods, and a clean-up by eviction.
      "POST evictions": 200,
      "POST events": 300,
      "PATCH sidecarsets": 6,
      "POST controllerrevisions": 6,
      "POST configmaps": 2,
      "DELETE configmaps": 2,
    };
    for (const [kind, minimum] of Object.entries(minima)) {
      assert.ok(count(kind) >= minimum, `round ${i}: ${count(kind)} ${kind}`);
    }
    const refused = reasons.filter((reason) => reason === "PodRefused");
    assert.equal(refused.length, 3, `round ${i}: ${reasons}`);
  }
}
