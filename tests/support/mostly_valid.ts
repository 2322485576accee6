import fc from "fast-check";

/** What parts of Pods are made of: mostly right, now and then with a mistake that the API server refuses. */

/** The weight of a valid value compared with an invalid one: most Pods have no more than one mistake. */
const RIGHT = 30;

/** One of the right values, seldom one of the wrong ones. */
export function mostly<T>(right: readonly T[], wrong: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: RIGHT, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  );
}

/** An object with some of the fields, each of them but `requiredKeys` seldom left out. */
export function optional(
  fields: Record<string, fc.Arbitrary<unknown>>,
  requiredKeys: string[] = [],
): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(fields, { requiredKeys, noNullPrototype: true });
}

/** At most two. */
export const few = (item: fc.Arbitrary<unknown>) => fc.array(item, { maxLength: 2 });
/** Present in one of three. */
export const rarely = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

export const LONG = "a".repeat(64);

const fieldPath = mostly(
  ["metadata.name", "metadata.namespace", "metadata.labels['a']", "metadata.annotations['x.y/Z']"],
  [
    "",
    "metadata.generateName",
    "spec.nodeName['x']",
    "metadata.labels['not ok']",
    "metadata.labels['']",
    "metadata.annotations['X.Y/a b']",
    "metadata.labels[a]",
  ],
);
/** A reference to a field of the Pod. */
export const fieldRef = optional({
  apiVersion: mostly(["v1"], ["v2", "v1beta1"]),
  fieldPath,
}, ["fieldPath"]);
