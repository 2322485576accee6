import fc from "fast-check";
import assert from "node:assert/strict";
import { Document, parse } from "yaml";
import { kubernetesYaml } from "../../../lib/cli/files/documents.ts";

const READ_BY_KUBECTL: [string, unknown][] = [
  ["0644", 420],
  ["0x1F", 31],
  ["0b101", 5],
  ["1_000", 1000],
  ["1e3", 1000],
  ["yes", true],
  ["Off", false],
  ["~", null],
  ["y", "y"],
  ["N", "N"],
  ["2026-01-01", "2026-01-01"],
  ["22:22", "22:22"],
  ["1.2.3", "1.2.3"],
  ['"0644"', "0644"],
];

for (const [text, value] of READ_BY_KUBECTL) {
  Deno.test(`kubernetesYaml() reads ${text} as kubectl does`, () => {
    assert.deepEqual(parse(`key: ${text}`, kubernetesYaml()), { key: value });
  });
}

Deno.test("kubernetesYaml() merges what << names", () => {
  const text = "base: &base { a: 1 }\nfull: { <<: *base, b: 2 }";
  assert.deepEqual(parse(text, kubernetesYaml()).full, { a: 1, b: 2 });
});

Deno.test("kubernetesYaml() writes every text so that it reads as the same text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("y", "0644", "on", "1:30", "~"),
  );
  fc.assert(fc.property(texts, (text) => {
    const written = new Document({ key: text }, kubernetesYaml()).toString({ lineWidth: 0 });
    assert.deepEqual(parse(written, kubernetesYaml()), { key: text });
  }));
});
