import fc from "fast-check";
import type { Labels, LabelSelector } from "../../../lib/api/meta.ts";

/** Few keys and values, so that selectors and labels often meet. */
const key = fc.constantFrom("app", "tier", "example.com/team");
const value = fc.constantFrom("a", "b", "c");

const requirement = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom("In" as const, "NotIn" as const),
    values: fc.uniqueArray(value, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ key, operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const) }),
);

export const anySelector: fc.Arbitrary<LabelSelector> = fc.record({
  matchLabels: fc.dictionary(key, value, { maxKeys: 2 }),
  matchExpressions: fc.array(requirement, { maxLength: 3 }),
});

export const anyLabels: fc.Arbitrary<Labels> = fc.dictionary(key, value);

/** All label sets over these keys, with one value that no selector names. */
export function allLabels(): Labels[] {
  const values = [undefined, "a", "b", "c", "other"];
  return values.flatMap((app) =>
    values.flatMap((tier) =>
      values.map((team) => ({
        ...(app ? { app } : {}),
        ...(tier ? { tier } : {}),
        ...(team ? { "example.com/team": team } : {}),
      }))
    )
  );
}
