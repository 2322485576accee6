import assert from "node:assert/strict";
import * as z from "zod/mini";
import { readAs } from "../../lib/api/read.ts";

Deno.test("readAs() says what is wrong with a value that is nested as deep as JSON may be", () => {
  const value = { count: JSON.parse("[".repeat(9_990) + "]".repeat(9_990)) };
  assert.deepEqual(readAs(z.object({ count: z.int() }), value), {
    ok: false,
    problems: [{
      reason: "FieldValueTypeInvalid",
      field: "count",
      message: "must be of type number: current value is ...",
    }],
  });
});
