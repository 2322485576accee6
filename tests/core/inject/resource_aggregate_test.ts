import assert from "node:assert/strict";
import type { Container, ResourceList } from "../../../lib/api/container.ts";
import { aggregate, type AggregateOptions } from "../../../lib/core/inject/resources_policy.ts";
import { formatQuantity } from "../../../lib/core/quantity/quantity.ts";

function total(
  lists: readonly (ResourceList | undefined)[],
  options: Omit<AggregateOptions, "resource">,
): string {
  const targets = lists.map((list, i): Container => ({
    name: `c${i}`,
    ...(list === undefined ? {} : { resources: { [options.list]: list } }),
  }));
  const result = aggregate(targets, { ...options, resource: "memory" });
  return result.type === "amount" ? formatQuantity(result.amount) : result.type;
}

Deno.test("aggregate() adds up or takes the maximum", () => {
  const lists = [{ memory: "1Gi" }, { memory: "512Mi" }, { memory: 1073741824 }];
  assert.equal(total(lists, { mode: "sum", list: "limits" }), "2560Mi");
  assert.equal(total(lists, { mode: "max", list: "limits" }), "1Gi");
  assert.equal(total(lists, { mode: "sum", list: "requests" }), "2560Mi");
});

Deno.test("aggregate() is unlimited as soon as one limit is missing", () => {
  for (const mode of ["sum", "max"] as const) {
    assert.equal(total([{ memory: "1Gi" }, undefined], { mode, list: "limits" }), "unlimited");
    assert.equal(total([{}, { memory: "1Gi" }], { mode, list: "limits" }), "unlimited");
    assert.equal(total([{ cpu: "1" }], { mode, list: "limits" }), "unlimited");
  }
});

Deno.test("aggregate() counts a missing request as zero", () => {
  for (const mode of ["sum", "max"] as const) {
    assert.equal(total([{ memory: "1Gi" }, undefined], { mode, list: "requests" }), "1Gi");
    assert.equal(total([undefined, {}], { mode, list: "requests" }), "0");
  }
});

Deno.test("aggregate() names the container whose quantity cannot be read", () => {
  const targets: Container[] = [
    { name: "main", resources: { limits: { cpu: "1" } } },
    { name: "odd", resources: { limits: { cpu: "1x" } } },
  ];
  assert.deepEqual(aggregate(targets, { mode: "sum", list: "limits", resource: "cpu" }), {
    type: "unreadable",
    container: "odd",
    value: "1x",
  });
});
