import assert from "node:assert/strict";
import { containerShape } from "../../lib/api/container.ts";
import { coreContainer, sidecarContainer } from "../../lib/api/sidecar_container.ts";

Deno.test("coreContainer() keeps core fields, unknown ones included, and none that SidecarSet adds", () => {
  const fields = Object.keys(sidecarContainer.shape);
  const added = fields.filter((field) => !Object.hasOwn(containerShape, field));
  assert.ok(added.length >= 7);
  const sidecar = {
    ...Object.fromEntries(fields.map((field) => [field, field])),
    name: "agent",
    fieldOfANewerApi: true,
  };
  const container = coreContainer(sidecar);
  const expected = [...Object.keys(containerShape), "fieldOfANewerApi"];
  assert.deepEqual(Object.keys(container).sort(), expected.sort());
  assert.ok(Object.hasOwn(sidecar, added[0] ?? ""), "the sidecar itself is not changed");
});
