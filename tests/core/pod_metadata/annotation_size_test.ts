import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { podWith, prepared, requestFor } from "../inject/fixtures.ts";

/** What the API server takes, in bytes of all keys and values. */
const LIMIT = 256 * 1024;
const containers = [{ name: "agent", image: "agent:1" }];
const bytes = (text: string) => new TextEncoder().encode(text).length;

function inject1(annotations: Record<string, string>, spec: SidecarSetSpec = { containers }) {
  const pod = podWith({}, annotations);
  const { patch, injected, skipped: [skip] } = inject(requestFor(pod, [prepared("web", spec)]));
  const { annotations: result = {} } = injectedPod(pod, patch).metadata;
  const size = Object.entries(result).reduce((sum, [key, value]) => sum + bytes(key + value), 0);
  return { size, skip, isInjected: injected.length === 1 };
}

for (const letter of ["x", "é", "漢"]) {
  Deno.test(`inject() fills annotations of ${letter} up to what the API server takes, and no further`, () => {
    const empty = inject1({ note: "" });
    const room = LIMIT - empty.size;
    const full = letter.repeat(Math.floor(room / bytes(letter)));
    const fits = inject1({ note: full });
    assert.equal(fits.skip, undefined);
    assert.ok(fits.size <= LIMIT && fits.size > LIMIT - bytes(letter));
    const { skip, isInjected } = inject1({ note: full + letter });
    assert.equal(isInjected, false);
    assert.equal(skip?.reason, "AnnotationsTooLarge");
    assert.match(skip.message, /\d+ bytes, more than the 262144 .* API server takes/);
  });
}

Deno.test("inject() counts the annotations that a SidecarSet sets, and those of SidecarSets before it", () => {
  const setting = (name: string) => ({
    containers: [{ name, image: "i" }],
    patchPodMetadata: [{ annotations: { [`example.com/${name}`]: "x".repeat(100 * 1024) } }],
  });
  const sets = ["a", "b", "c"].map((name) => prepared(name, setting(name)));
  const { injected, skipped } = inject(requestFor(podWith(), sets));
  assert.deepEqual(injected.map(({ sidecarSet }) => sidecarSet), ["a", "b"]);
  assert.deepEqual(skipped.map(({ sidecarSet, reason }) => [sidecarSet, reason]), [
    ["c", "AnnotationsTooLarge"],
  ]);
  const annotations = { "example.com/a": "x".repeat(200 * 1024) };
  const replacing = {
    ...setting("a"),
    patchPodMetadata: [{
      annotations: { "example.com/a": "y" },
      patchPolicy: "Overwrite" as const,
    }],
  };
  assert.ok(inject1(annotations, replacing).isInjected, "what is replaced does not count twice");
});

Deno.test("inject() leaves a Pod to the API server whose own annotations are too large", () => {
  assert.ok(inject1({ note: "x".repeat(LIMIT) }).isInjected);
});

Deno.test("inject() counts what it records of very many sidecars", () => {
  const many = Array.from({ length: 2_500 }, (_, i) => ({
    name: `${"agent-".repeat(9)}${String(i).padStart(8, "0")}`,
    image: "i",
  }));
  assert.equal(inject1({}, { containers: many }).skip?.reason, "AnnotationsTooLarge");
  assert.ok(inject1({}, { containers: many.slice(0, 1_500) }).isInjected);
});
