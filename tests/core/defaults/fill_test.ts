import assert from "node:assert/strict";
import {
  changeEach,
  changeObject,
  fillAbsent,
  fillZero,
  type JsonRecord,
} from "../../../lib/core/defaults/fill.ts";

function marked(object: JsonRecord): JsonRecord {
  return "marked" in object ? object : { ...object, marked: true };
}

Deno.test("fillZero() sets absent, empty and zero fields, and keeps others", () => {
  const given = { empty: "", zero: 0, set: "own" };
  const defaults = { empty: "d", zero: 1, set: "d", absent: "d" };
  assert.deepEqual(fillZero(given, defaults), { empty: "d", zero: 1, set: "own", absent: "d" });
});

Deno.test("fillAbsent() keeps empty and zero fields", () => {
  const defaults = { empty: "d", zero: 1, absent: "d" };
  assert.deepEqual(fillAbsent({ empty: "", zero: 0 }, defaults), {
    empty: "",
    zero: 0,
    absent: "d",
  });
});

Deno.test("the same object comes back where nothing is to change", () => {
  const object: JsonRecord = { field: { marked: true }, items: [{ marked: true }, "text"] };
  assert.equal(fillZero(object, { field: {} }), object);
  assert.equal(fillAbsent(object, { items: [] }), object);
  assert.equal(changeObject(object, { field: "field", change: marked }), object);
  assert.equal(changeEach(object, { field: "items", change: marked }), object);
});

Deno.test("changeObject() changes objects only", () => {
  const object: JsonRecord = { a: {}, b: [], c: "text" };
  assert.deepEqual(changeObject(object, { field: "a", change: marked }).a, { marked: true });
  for (const field of ["b", "c", "absent"]) {
    assert.equal(changeObject(object, { field, change: marked }), object);
  }
});

Deno.test("changeEach() changes the objects of lists only", () => {
  const object: JsonRecord = { a: [{}, 1], b: {} };
  assert.deepEqual(changeEach(object, { field: "a", change: marked }).a, [{ marked: true }, 1]);
  assert.equal(changeEach(object, { field: "b", change: marked }), object);
});
