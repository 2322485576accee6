import assert from "node:assert/strict";
import { changedFields } from "../../../lib/cli/sidecarsets/revision_parts.ts";

const agent = { name: "agent", image: "agent:1", env: [{ name: "A", value: "1" }] };

Deno.test("changedFields() names the fields of containers, and leaves images out", () => {
  const before = { containers: [agent] };
  const after = {
    containers: [{ ...agent, image: "agent:2", env: [], args: ["run"] }, { name: "more" }],
  };
  assert.deepEqual(changedFields(before, after), [
    "spec.containers[agent].env",
    "spec.containers[agent].args",
    "spec.containers[more]",
  ]);
});

Deno.test("changedFields() names lists that are reordered, and other parts, as a whole", () => {
  const other = { name: "other" };
  const before = { containers: [agent, other], volumes: [{ name: "log" }] };
  const after = { containers: [other, agent], initContainers: [{ name: "setup" }] };
  assert.deepEqual(changedFields(before, after), [
    "spec.containers",
    "spec.initContainers[setup]",
    "spec.volumes",
  ]);
});

Deno.test("changedFields() finds nothing where only images differ", () => {
  const after = { containers: [{ ...agent, image: "agent:2" }] };
  assert.deepEqual(changedFields({ containers: [agent] }, after), []);
});
