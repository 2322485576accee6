import assert from "node:assert/strict";
import { sampleEventLoop } from "../../../lib/runtime/metrics/event_loop.ts";
import { createMetrics } from "../../../lib/runtime/metrics/metrics.ts";

/** A clock on which each sleep takes longer than asked for by the next of these milliseconds, and then never ends. */
function lateClock(delaysMs: readonly number[], stop: () => void) {
  let now = 0;
  const left = [...delaysMs];
  return {
    monotonic: () => now,
    sleep(milliseconds: number): Promise<void> {
      const delay = left.shift();
      if (delay === undefined) stop();
      else now += milliseconds + delay;
      return Promise.resolve();
    },
  };
}

Deno.test("each timer of the event loop that fires late is in the bucket of its delay", async () => {
  const metrics = createMetrics({ version: "1.2.3", apiServer: "127.0.0.1" });
  const ending = new AbortController();
  const clock = lateClock([0, 0.5, 3, 30, 2_000, -1], () => ending.abort());
  await sampleEventLoop({ clock, observe: metrics.observeEventLoopDelay }, ending.signal);
  const lines = metrics.text().text.split("\n")
    .filter((line) => line.startsWith("sidecarset_event_loop_delay_seconds"));
  assert.deepEqual(lines.map((line) => line.replace("sidecarset_event_loop_delay_seconds", "")), [
    '_bucket{le="0.001"} 3',
    '_bucket{le="0.002"} 3',
    '_bucket{le="0.005"} 4',
    '_bucket{le="0.01"} 4',
    '_bucket{le="0.02"} 4',
    '_bucket{le="0.05"} 5',
    '_bucket{le="0.1"} 5',
    '_bucket{le="0.25"} 5',
    '_bucket{le="1"} 5',
    '_bucket{le="+Inf"} 6',
    "_sum 2.0335",
    "_count 6",
  ]);
});

Deno.test("the event loop is not sampled after its signal is aborted", async () => {
  const observed: number[] = [];
  const clock = lateClock([], () => {});
  const observe = (seconds: number) => void observed.push(seconds);
  await sampleEventLoop({ clock, observe }, AbortSignal.abort());
  assert.deepEqual(observed, []);
});
