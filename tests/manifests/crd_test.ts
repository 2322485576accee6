import assert from "node:assert/strict";
import { parse } from "yaml";

/** What `kubectl apply` keeps in an annotation may have with all other annotations. */
const MAX_ANNOTATIONS_BYTES = 262_144;
/** For labels and annotations that an installation adds. */
const RESERVE_BYTES = 7_168;

const crd = parse(await Deno.readTextFile("manifests/crd.yaml"));

/** Paths of the fields without a description. */
function undescribed(schema: unknown, path: string): string[] {
  const { properties = {}, items } = Object(schema);
  return [
    ...Object.entries(properties).flatMap(([name, child]) => {
      const field = `${path}.${name}`;
      // The API server describes metadata itself, and takes no description of it.
      const isDescribed = Object(child).description || name === "metadata";
      return [...(isDescribed ? [] : [field]), ...undescribed(child, field)];
    }),
    ...(items === undefined ? [] : undescribed(items, `${path}[]`)),
  ];
}

Deno.test("every field of both versions has a description", () => {
  assert.equal(crd.spec.versions.length, 2);
  for (const { name, schema } of crd.spec.versions) {
    assert.deepEqual(undescribed(schema.openAPIV3Schema, name), []);
  }
});

Deno.test("the CustomResourceDefinition fits into the annotation of kubectl apply", () => {
  // Go writes these characters as six.
  const text = JSON.stringify(crd).replaceAll(/[<>&]/g, "\\u0000");
  const bytes = new TextEncoder().encode(text).length;
  assert.ok(bytes <= MAX_ANNOTATIONS_BYTES - RESERVE_BYTES, `it has ${bytes} bytes`);
});

/** Paths of lists and objects without content. */
function emptyValues(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const members = Object.entries(value);
  if (members.length === 0) return [path];
  return members.flatMap(([key, member]) => emptyValues(member, `${path}.${key}`));
}

Deno.test("the CustomResourceDefinition has no empty value but the subresource", () => {
  // The API server drops them, and a server-side apply then conflicts with the kubectl apply before.
  assert.deepEqual(
    emptyValues(crd, "crd").filter((path) => !path.endsWith(".subresources.status")),
    [],
  );
});
