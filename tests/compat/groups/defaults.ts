import * as z from "zod/mini";
import { isObject } from "../../../lib/api/json.ts";
import { storedForm } from "../../../lib/core/defaults/sidecarset.ts";
import type { CompatGroup, Departure, Verdict } from "../contract.ts";
import { verdictOn } from "../sidecarset/difference.ts";
import { goForm } from "../sidecarset/go_form.ts";

/** What the defaulting webhook makes of an object. */
const defaultsCase = z.object({
  operation: z._default(z.string(), "CREATE"),
  input: z.looseObject({ spec: z.optional(z.looseObject({})) }),
  output: z.optional(z.unknown()),
  error: z.optional(z.literal(true)),
});
type DefaultsCase = z.infer<typeof defaultsCase>;

const noFieldRef: Departure<DefaultsCase> = {
  number: "B-25",
  says: "a name source without a fieldRef is left to validation instead of crashing",
  applies: ({ input }) => withoutEmptySources(input.spec) !== input.spec,
  expected: ({ input }) => storedForm({ ...input, spec: withoutEmptySources(input.spec) }),
};

/** `pkg/webhook/sidecarset/mutating`, `apis/apps/defaults` */
export const defaults: CompatGroup = {
  name: "defaults",
  files: "defaults.json",
  departures: [noFieldRef],
  judge(testCase): Verdict {
    const read = z.parse(defaultsCase, testCase);
    // The webhook is registered for CREATE and UPDATE only.
    const isAsked = read.operation === "CREATE" || read.operation === "UPDATE";
    const actual = isAsked ? storedForm(read.input) : read.input;
    if (!isAsked) return verdictOn({ actual, expected: read.output });
    if (noFieldRef.applies(read)) {
      return verdictOn({
        actual: goForm(withoutEmptySourcesAndHashes(actual)),
        expected: goForm(withoutEmptySourcesAndHashes(noFieldRef.expected(read))),
        departures: [noFieldRef.number],
      });
    }
    if (read.error) {
      return { passed: false, departures: [], difference: "expected an error, got defaults" };
    }
    return verdictOn({ actual: goForm(actual), expected: goForm(read.output) });
  },
};

/** The hashes cover the empty source itself, which the object to compare with lacks. */
function withoutEmptySourcesAndHashes(sidecarSet: unknown): unknown {
  if (!isObject(sidecarSet)) return sidecarSet;
  return { ...sidecarSet, metadata: {}, spec: withoutEmptySources(sidecarSet.spec) };
}

/** Without the name sources that refer to nothing; the same reference where there is none. */
function withoutEmptySources(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(withoutEmptySources);
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  if (!isObject(value)) return value;
  const source = value.sourceContainerNameFrom;
  if (isObject(source) && !isObject(source.fieldRef)) {
    const { sourceContainerNameFrom: _, ...rest } = value;
    return rest;
  }
  const members = Object.entries(value);
  const changed = members.map(([, member]) => withoutEmptySources(member));
  if (members.every(([, member], i) => member === changed[i])) return value;
  return Object.fromEntries(members.map(([key], i) => [key, changed[i]]));
}
