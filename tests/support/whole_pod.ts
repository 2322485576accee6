import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { ObservedPod } from "../../lib/core/observed_pod.ts";

/** A Pod that a test has put into the index as a whole, as its API server would return it. */
export function wholePod(pod: ObservedPod): Pod {
  assert.ok(isWhole(pod));
  return pod;
}

function isWhole(pod: object): pod is Pod {
  return "metadata" in pod && "spec" in pod;
}
