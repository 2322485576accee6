import assert from "node:assert/strict";
import { effectiveTag } from "../../../lib/core/defaults/core_container.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

const tags: readonly [image: string, tag: string | undefined][] = [
  ["agent", "latest"],
  ["library/agent", "latest"],
  ["docker.io/agent", "latest"],
  ["registry.test/team/agent", "latest"],
  ["registry.test:5000/agent", "latest"],
  ["localhost/agent", "latest"],
  ["[::1]:5000/agent", "latest"],
  ["agent:1.0", "1.0"],
  ["registry.test:5000/agent:1.0", "1.0"],
  ["agent:latest", "latest"],
  [`agent:latest@${DIGEST}`, "latest"],
  [`agent:1.0@${DIGEST}`, "1.0"],
  [`agent@${DIGEST}`, undefined],
  ["", undefined],
  ["Agent", undefined],
  ["REGISTRY/agent", "latest"],
  ["agent:", undefined],
  ["agent:-1", undefined],
  [`agent:${"x".repeat(128)}`, "x".repeat(128)],
  [`agent:${"x".repeat(129)}`, undefined],
  ["agent:latest@sha256:0a", undefined],
  ["agent:latest@md5:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a", undefined],
  ["agent:latest@", undefined],
  ["a//b", undefined],
  ["a..b/c", undefined],
  ["a__b", "latest"],
  ["a___b", undefined],
  ["0a".repeat(32), undefined],
  [`registry.test/${"a".repeat(255)}`, "latest"],
  [`registry.test/${"a".repeat(256)}`, undefined],
];

for (const [image, tag] of tags) {
  Deno.test(`effectiveTag() of ${JSON.stringify(image.slice(0, 40))} is ${tag?.slice(0, 10)}`, () => {
    assert.equal(effectiveTag(image), tag);
  });
}

Deno.test("effectiveTag() takes no time over a long text", () => {
  assert.equal(effectiveTag(`${"a-".repeat(500_000)}!`), undefined);
});
