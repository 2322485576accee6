import assert from "node:assert/strict";
import * as fc from "fast-check";
import { WORKING_HOT_UPGRADE_ANNOTATION } from "../../../lib/api/names.ts";
import { workingContainers } from "../../../lib/core/annotations/hot_upgrade.ts";
import {
  IDLE_ANNOTATION,
  idleRecords,
  STORED_IMAGES_ANNOTATION,
  storedImages,
} from "../../../lib/core/annotations/image_records.ts";
import {
  readRestartCounts,
  RESTART_COUNTS_ANNOTATION,
} from "../../../lib/core/annotations/inplace_state.ts";
import { POD_PATCHES_ANNOTATION, podPatches } from "../../../lib/core/annotations/pod_patches.ts";
import { readResizes, RESIZED_ANNOTATION } from "../../../lib/core/annotations/resized.ts";
import {
  readUpdatedImages,
  UPDATED_IMAGES_ANNOTATION,
} from "../../../lib/core/annotations/updated_images.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";

const READERS: Readonly<Record<string, (pod: ObservedPod) => ReadonlyMap<string, unknown>>> = {
  [IDLE_ANNOTATION]: idleRecords,
  [STORED_IMAGES_ANNOTATION]: storedImages,
  [RESTART_COUNTS_ANNOTATION]: readRestartCounts,
  [POD_PATCHES_ANNOTATION]: podPatches,
  [RESIZED_ANNOTATION]: readResizes,
  [UPDATED_IMAGES_ANNOTATION]: readUpdatedImages,
  [WORKING_HOT_UPGRADE_ANNOTATION]: workingContainers,
};

const podWith = (annotations: Record<string, string>): ObservedPod => ({
  metadata: { name: "pod", annotations },
  spec: { containers: [] },
});

/** Values that a record can have, or that fail where they are converted to a number or text. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 1, -0.5, "", "agent:1", "__proto__"),
    fc.array(tie("value"), { maxLength: 2 }),
    fc.dictionary(
      fc.constantFrom(
        ...["image", "restarts", "images", "restartCounts", "updateTimestamp", "containers"],
        ...["requests", "limits", "generation", "labels", "hash", "valueOf", "toString", "length"],
      ),
      tie("value"),
      { maxKeys: 4 },
    ),
  ),
}));

for (const [annotation, read] of Object.entries(READERS)) {
  Deno.test(`any JSON in ${annotation} can be read`, () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom("a", "b"), value), (records) => {
      assert.ok(read(podWith({ [annotation]: JSON.stringify(records) })) instanceof Map);
    }));
  });
}

Deno.test("idleRecords() takes restarts that are no number for none", () => {
  const text = '{"x":{"image":"y","restarts":{"valueOf":1,"toString":1}}}';
  const records = idleRecords(podWith({ [IDLE_ANNOTATION]: text }));
  assert.deepEqual(records.get("x"), { image: "y", restarts: 0 });
});
