import assert from "node:assert/strict";
import fc from "fast-check";
import type { Labels } from "../../../lib/api/meta.ts";
import {
  MAX_CHARACTERS,
  MAX_CLAUSES,
  MAX_REQUIREMENTS,
  MAX_VALUES,
  scopeOf,
} from "../../../lib/core/registration/scope.ts";
import { anyLabels, anySelector } from "../select/arbitraries.ts";
import { matchesSelector } from "../../../lib/core/select/label_selector.ts";

/**
 * Runs the CEL that scopeOf() writes as JavaScript; a label access without a guard throws, as it is an error in CEL.
 */
function passes(
  expression: string | undefined,
  labels: Labels | undefined,
): boolean {
  if (expression === undefined) return true;
  const script = expression
    .replaceAll("has(object.metadata.labels)", "(labels !== undefined)")
    .replaceAll(/object\.metadata\.labels\[('[^']*')\] in (\[[^\]]*\])/g, "$2.includes(read($1))")
    .replaceAll(/object\.metadata\.labels\[('[^']*')\]/g, "read($1)")
    .replaceAll("object.metadata.labels", "labels");
  const read = (key: string) => {
    if (!labels || !(key in labels)) throw new Error(`no such key: ${key}`);
    return labels[key];
  };
  const evaluate = new Function("labels", "read", `return ${script};`);
  return evaluate(labels, read) === true;
}

const labels = fc.option(anyLabels, { nil: undefined });

Deno.test("scopeOf() passes exactly the Pods that one of the selectors matches, unlabelled ones included", () => {
  fc.assert(
    fc.property(fc.array(anySelector, { minLength: 1, maxLength: 6 }), labels, (selectors, pod) => {
      const scope = scopeOf(selectors, { widen: true });
      const expected = selectors.some((one) => matchesSelector(one, pod ?? {}));
      assert.equal(passes(scope.expression, pod), expected, scope.expression);
    }),
  );
});

Deno.test("scopeOf() folds selectors of one key into one list of values", () => {
  const selectors = Array.from({ length: 1_000 }, (_, i) => ({ matchLabels: { app: `app-${i}` } }));
  const scope = scopeOf(selectors, { widen: false });
  assert.equal(scope.covered.size, 1_000);
  assert.equal(scope.expression?.split("||").length, 1);
});

Deno.test("scopeOf() widens to the label keys when there are too many clauses", () => {
  const selectors = Array.from({ length: MAX_CLAUSES + 1 }, (_, i) => ({
    matchLabels: { app: `app-${i}`, tier: "web" },
  }));
  const scope = scopeOf(selectors, { widen: true });
  assert.equal(scope.width, "LabelKeys");
  assert.equal(scope.covered.size, selectors.length);
  assert.ok(passes(scope.expression, { app: "another" }));
  assert.ok(!passes(scope.expression, { tier: "web" }));
  assert.ok(!passes(scope.expression, undefined));
});

Deno.test("scopeOf() widens to every Pod when even the label keys are too many", () => {
  const selectors = Array.from({ length: MAX_CLAUSES + 1 }, (_, i) => ({
    matchLabels: { [`key-${i}`]: "a", tier: "web" },
  }));
  assert.deepEqual(scopeOf(selectors, { widen: true }).width, "Everything");
});

Deno.test("scopeOf() leaves selectors out rather than widen when it may not", () => {
  const selectors = Array.from({ length: MAX_CLAUSES + 5 }, (_, i) => ({
    matchLabels: { app: `app-${i}`, tier: "web" },
  }));
  const scope = scopeOf(selectors, { widen: false });
  assert.equal(scope.width, "Selectors");
  assert.deepEqual([...scope.covered], Array.from({ length: MAX_CLAUSES }, (_, i) => i));
  assert.ok(passes(scope.expression, { app: "app-0", tier: "web" }));
  assert.ok(!passes(scope.expression, { app: `app-${MAX_CLAUSES}`, tier: "web" }));
});

Deno.test("scopeOf() never writes more values than the API server compiles quickly", () => {
  const selectors = Array.from(
    { length: MAX_VALUES + 1 },
    (_, i) => ({ matchLabels: { app: `${i}` } }),
  );
  assert.equal(scopeOf(selectors, { widen: false }).covered.size, MAX_VALUES);
  assert.equal(scopeOf(selectors, { widen: true }).width, "LabelKeys");
});

const EXISTS = { key: "app", operator: "Exists" as const };
const longValues = Array.from({ length: 1_600 }, (_, i) => `${i}-`.padEnd(63, "x"));
const LONG = {
  "a selector with long values": [{
    matchExpressions: [{ key: "app", operator: "In" as const, values: longValues }],
  }],
  "many selectors with long values": longValues.map((app) => ({ matchLabels: { app } })),
  "selectors with long keys": Array.from({ length: MAX_CLAUSES }, (_, i) => ({
    matchLabels: Object.fromEntries(
      Array.from({ length: 5 }, (_, j) => [`${"a".repeat(250)}/${i}-${j}`.padEnd(310, "x"), ""]),
    ),
  })),
};
for (const [what, selectors] of Object.entries(LONG)) {
  Deno.test(`scopeOf() never writes an expression that the API server refuses: ${what}`, () => {
    const narrow = scopeOf(selectors, { widen: false });
    assert.ok(narrow.covered.size < selectors.length);
    assert.ok((narrow.expression?.length ?? 0) <= MAX_CHARACTERS);
    const wide = scopeOf(selectors, { widen: true });
    assert.equal(wide.width, "LabelKeys");
    assert.equal(wide.covered.size, selectors.length);
  });
}

Deno.test("scopeOf() never writes more requirements than the API server compiles quickly", () => {
  const matchExpressions = Array.from({ length: MAX_REQUIREMENTS }, (_, i) => ({
    key: `key-${i}`,
    operator: "Exists" as const,
  }));
  const selectors = [{ matchExpressions }, { matchExpressions: [...matchExpressions, EXISTS] }];
  assert.deepEqual([...scopeOf(selectors, { widen: false }).covered], [0]);
  assert.equal(scopeOf(selectors, { widen: true }).width, "LabelKeys");
});

Deno.test("scopeOf() passes every Pod for a selector without requirements", () => {
  const scope = scopeOf([{ matchLabels: { app: "a" } }, {}], { widen: false });
  assert.deepEqual([scope.width, scope.expression, scope.covered.size], [
    "Everything",
    undefined,
    2,
  ]);
});
