import * as z from "zod/mini";
import type { CompatGroup, Departure, Verdict } from "../contract.ts";
import { verdictOn } from "../sidecarset/difference.ts";
import { sampleNamespaces } from "../sidecarset/sample_namespaces.ts";
import { meaningOf, type VersionedSidecarSet, versionedSidecarSet } from "../sidecarset/meaning.ts";

/** An object in one version, and what OpenKruise converts it to. */
const conversionCase = z.object({
  from: z.enum(["v1alpha1", "v1beta1"]),
  to: z.enum(["v1alpha1", "v1beta1"]),
  input: versionedSidecarSet,
  output: versionedSidecarSet,
});
type ConversionCase = z.infer<typeof conversionCase>;

/** Something that OpenKruise loses; `expected` is the input without it, which its output must mean. */
interface Loss extends Departure<ConversionCase> {
  expected(testCase: ConversionCase): VersionedSidecarSet;
}

const departures: readonly Loss[] = [
  {
    number: "B-30",
    says: "a namespace selector next to a namespace is kept: both must hold",
    applies: ({ from, input }) =>
      from === "v1alpha1" && Boolean(input.spec.namespace) &&
      input.spec.namespaceSelector !== undefined,
    expected: ({ input }) => without(input, "namespaceSelector"),
  },
  {
    number: "D-3",
    says: "the form of the other version means the same: a custom version field in v1alpha1",
    applies: ({ from, input }) => from === "v1alpha1" && Boolean(input.spec.customVersion),
    expected: ({ input }) => without(input, "customVersion"),
  },
  {
    number: "D-3",
    says: "the form of the other version means the same: a namespace in v1beta1",
    applies: ({ from, input }) => from === "v1beta1" && Boolean(input.spec.namespace),
    expected: ({ input }) => without(input, "namespace"),
  },
];

/**
 * `apis/apps/v1alpha1/sidecarset_conversion.go`. Here nothing is converted: an object is read the same in both
 * versions, so what OpenKruise converts it to must mean what the input means.
 */
export const conversion: CompatGroup = {
  name: "conversion",
  files: "conversion.json",
  departures,
  judge(testCase): Verdict {
    const read = z.parse(conversionCase, testCase);
    const applying = departures.filter((departure) => departure.applies(read));
    const kept = applying.reduce(
      (input, departure) => departure.expected({ ...read, input }),
      read.input,
    );
    const namespaces = sampleNamespaces([kept, read.output]);
    return verdictOn({
      actual: meaningOf(kept, namespaces),
      expected: meaningOf(read.output, namespaces),
      departures: applying.map(({ number }) => number),
    });
  },
};

function without(
  sidecarSet: VersionedSidecarSet,
  field: "namespace" | "namespaceSelector" | "customVersion",
): VersionedSidecarSet {
  const { [field]: _, ...spec } = sidecarSet.spec;
  return { ...sidecarSet, spec };
}
