import assert from "node:assert/strict";
import {
  assessImages,
  STORED_IMAGES_ANNOTATION,
  storedImagesWithout,
} from "../../../lib/core/status/drift.ts";
import { meshAt2, pod } from "../rollout/scene.ts";

const current = { hash: "hash-2" };
const asStored = { asStored: true };
const changedSince = { asStored: false };

Deno.test("assessImages() finds nothing in a Pod with the SidecarSet's image", () => {
  const target = pod("a", { ...current, image: "agent:2" });
  assert.deepEqual(assessImages(target, meshAt2(), changedSince), { drift: [] });
});

Deno.test("assessImages() sees an image that was changed after the Pod had been stored", () => {
  const target = pod("a", { ...current, image: "evil:1" });
  assert.deepEqual(assessImages(target, meshAt2(), changedSince).drift, [
    { container: "agent", storedImage: "agent:2", foundImage: "evil:1" },
  ]);
});

Deno.test("assessImages() takes an image rewritten at admission for no drift and asks for a record", () => {
  const rewritten = pod("a", { ...current, image: "mirror/agent:2" });
  const { drift, record } = assessImages(rewritten, meshAt2(), asStored);
  assert.deepEqual([drift, record], [[], '{"agent":"mirror/agent:2"}']);
  const annotations = { [STORED_IMAGES_ANNOTATION]: record ?? "" };
  const later = pod("a", { ...current, image: "mirror/agent:2", annotations });
  assert.deepEqual(assessImages(later, meshAt2(), changedSince), { drift: [] });
  const changed = pod("a", { ...current, image: "agent:2", annotations });
  assert.equal(
    assessImages(changed, meshAt2(), changedSince).drift[0]?.storedImage,
    "mirror/agent:2",
  );
});

Deno.test("assessImages() leaves outdated Pods to the roll-out", () => {
  assert.deepEqual(assessImages(pod("a"), meshAt2(), changedSince), { drift: [] });
});

Deno.test("storedImagesWithout() forgets what is about to change, and the annotation with the last of it", () => {
  const annotations = { [STORED_IMAGES_ANNOTATION]: '{"agent":"a","log":"b"}' };
  const target = pod("a", { annotations });
  assert.equal(storedImagesWithout(target, ["agent"]), '{"log":"b"}');
  assert.equal(storedImagesWithout(target, ["agent", "log"]), null);
});
