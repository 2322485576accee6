import assert from "node:assert/strict";
import { WORKING_HOT_UPGRADE_ANNOTATION } from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import {
  containersOfPair,
  workingContainers,
  workingContainersText,
} from "../../../lib/core/annotations/hot_upgrade.ts";

function podWith(text: string): Pod {
  return {
    metadata: { annotations: { [WORKING_HOT_UPGRADE_ANNOTATION]: text } },
    spec: { containers: [] },
  };
}

Deno.test("workingContainers() reads what workingContainersText() wrote", () => {
  const working = new Map([["mesh", "mesh-1"], ["__proto__", "b-2"]]);
  assert.equal(workingContainersText(working), '{"__proto__":"b-2","mesh":"mesh-1"}');
  assert.deepEqual(workingContainers(podWith(workingContainersText(working))), working);
});

for (const text of ["", "oops", "null", "[]", '{"mesh":1}']) {
  Deno.test(`workingContainers() takes ${JSON.stringify(text)} as empty`, () => {
    assert.equal(workingContainers(podWith(text)).size, 0);
  });
}

Deno.test("containersOfPair() appends the two suffixes", () => {
  assert.deepEqual(containersOfPair("mesh"), ["mesh-1", "mesh-2"]);
});
