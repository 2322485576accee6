import assert from "node:assert/strict";
import { changeApplier } from "../../lib/runtime/reflection.ts";

/** Holds names, and tells in which order it was told of what. */
function holder(known: string[] = []) {
  const held = new Set(known);
  const told: string[] = [];
  const take = changeApplier<string>({
    known: () => [...held],
    keyOf: (name) => name,
    apply(name) {
      held.add(name);
      told.push(`+${name}`);
    },
    delete(name) {
      held.delete(name);
      told.push(`-${name}`);
    },
    onListed: () => told.push("listed"),
  });
  return { held, told, take };
}

Deno.test("changeApplier() applies each page at once, and deletes what no page had at the end of the list", () => {
  const { told, take } = holder(["a", "gone"]);
  take({ type: "page", items: ["a"], first: true });
  assert.deepEqual(told, ["+a"]);
  take({ type: "page", items: ["b"], first: false });
  take({ type: "listed", resourceVersion: "1" });
  assert.deepEqual(told, ["+a", "+b", "-gone", "listed"]);
});

Deno.test("changeApplier() does not keep what only a list that broke off had", () => {
  const { held, take } = holder();
  take({ type: "page", items: ["gone"], first: true });
  take({ type: "page", items: ["a"], first: true });
  take({ type: "listed", resourceVersion: "2" });
  assert.deepEqual([...held], ["a"]);
});

Deno.test("changeApplier() judges each list by its own pages", () => {
  const { held, take } = holder();
  take({ type: "page", items: ["a", "b"], first: true });
  take({ type: "listed", resourceVersion: "1" });
  take({ type: "apply", object: "c" });
  take({ type: "delete", object: "a" });
  take({ type: "page", items: ["c"], first: true });
  take({ type: "listed", resourceVersion: "3" });
  assert.deepEqual([...held], ["c"]);
});
