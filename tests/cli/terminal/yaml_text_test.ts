import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parse } from "yaml";
import { yamlText } from "../../../lib/cli/terminal/yaml_text.ts";
import { isPrintable } from "../../../lib/core/printable.ts";

Deno.test("yamlText() keeps every text, and escapes what is not printable", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 }).filter((each) => each.isWellFormed());
  fc.assert(fc.property(fc.dictionary(text, fc.array(text)), (value) => {
    const yaml = yamlText(value);
    assert.ok(isPrintable(yaml), JSON.stringify(yaml));
    assert.deepEqual(parse(yaml), { ...value });
  }));
});

Deno.test("yamlText() writes printable texts as before", () => {
  const value = { list: [{ name: "a" }], text: "two\nlines\n", yes: "on" };
  assert.equal(yamlText(value), 'list:\n- name: a\ntext: |\n  two\n  lines\n"yes": "on"\n');
});
