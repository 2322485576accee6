import * as fc from "fast-check";
import { sidecarContainerType } from "../../../lib/core/revision/container_type.ts";
import type { GoType } from "../../../lib/core/revision/go_types.ts";
import { volumeType } from "../../../lib/core/revision/volume_type.ts";

type JsonRecord = Record<string, unknown>;

/** Values that Go reads into the type, with fields left out at random. */
export function valueOf(type: GoType): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case "string":
      return fc.constantFrom("", "a", "ü", "<b>&\u2028", "line\nbreak", "__proto__");
    case "bool":
      return fc.boolean();
    case "int":
      return fc.constantFrom(0, 1, -1, 8080);
    case "intOrString":
      return fc.constantFrom<unknown>(0, 8080, "http", "");
    case "quantity":
      return fc.constantFrom<unknown>("0", 2, "1000m", "0.5Gi", "1e3", "1536Mi", "0.0001");
    case "list":
      return fc.array(valueOf(type.of), { maxLength: 2 });
    case "map":
      return fc.dictionary(fc.constantFrom("b", "a", "Z", "a/b", "é"), valueOf(type.of));
    case "struct":
      return recordOf(type.fields);
    case "any":
      return fc.constant({});
  }
}

function recordOf(
  fields: ReadonlyMap<string, { readonly type: GoType }>,
): fc.Arbitrary<JsonRecord> {
  const members = [...fields].map(([name, { type }]): [string, fc.Arbitrary<unknown>] => [
    name,
    fc.option(valueOf(type), { nil: undefined, freq: 2 }),
  ]);
  return fc.record(Object.fromEntries(members)).map((record) =>
    Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
  );
}

const sidecar = valueOf(sidecarContainerType).map((value) => ({ ...Object(value) }));

/** Any SidecarSet, valid or not. */
export const sidecarSet: fc.Arbitrary<JsonRecord> = fc.record({
  metadata: fc.constant({ name: "any" }),
  spec: fc.record({
    containers: fc.array(sidecar, { maxLength: 2 }),
    initContainers: fc.array(sidecar, { maxLength: 1 }),
    volumes: fc.array(valueOf(volumeType), { maxLength: 2 }),
    updateStrategy: fc.constantFrom({}, { type: "NotUpdate", partition: "10%" }),
    injectionStrategy: fc.constantFrom({}, { revision: {} }),
    patchPodMetadata: fc.constantFrom([], [{ annotations: { a: "b" } }]),
  }, { requiredKeys: [] }),
});

/** The same JSON with the members of every object in the opposite order. */
export function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).reverse().map(([key, member]) => [key, reversed(member)]),
  );
}
