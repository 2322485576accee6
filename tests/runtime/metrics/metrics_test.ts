import assert from "node:assert/strict";
import { createMetrics } from "../../../lib/runtime/metrics/metrics.ts";

Deno.test("the metrics name the versions of the program, Deno and V8", () => {
  const { text } = createMetrics({ version: "1.2.3", apiServer: "127.0.0.1" }).text();
  const [, labels] = /^sidecarset_build_info\{(.*)\} 1$/m.exec(text) ?? [];
  const { deno, v8 } = Deno.version;
  assert.equal(labels, `version="1.2.3",deno_version="${deno}",v8_version="${v8}"`);
});
