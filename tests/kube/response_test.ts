import assert from "node:assert/strict";
import { ParseTurns } from "../../lib/kube/response.ts";

const LARGE = JSON.stringify("x".repeat(300 * 1024));

Deno.test("ParseTurns parses small texts at once, and large ones each in its own turn", async () => {
  const turns = new ParseTurns();
  const order: string[] = [];
  const parse = async (name: string, text: string) => {
    await turns.parse(text, () => order.push(`parse ${name}`));
    // What a reader does with the value takes some promises, but no timer.
    for (let i = 0; i < 20; i++) await undefined;
    order.push(`done ${name}`);
  };
  await Promise.all([parse("a", LARGE), parse("b", LARGE), parse("small", "1"), parse("c", LARGE)]);
  assert.equal(order.indexOf("parse small") < order.indexOf("parse b"), true);
  const large = order.filter((entry) => !entry.includes("small"));
  assert.deepEqual(large, ["parse a", "done a", "parse b", "done b", "parse c", "done c"]);
  await new Promise((resolve) => setTimeout(resolve));
});

Deno.test("ParseTurns goes on after a text that cannot be parsed", async () => {
  const turns = new ParseTurns();
  await assert.rejects(turns.parse(LARGE + "x", JSON.parse), SyntaxError);
  assert.equal((await turns.parse<string>(LARGE, JSON.parse)).length, 300 * 1024);
  await new Promise((resolve) => setTimeout(resolve));
});
