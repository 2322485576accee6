import type { PodSpec } from "../../api/pod.ts";
import { ENFORCE_LABEL, ENFORCE_VERSION_LABEL, violatedControls } from "../inject/pod_security.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import { allOf, anyOf, celString } from "./cel.ts";
import { NAMESPACE_LABELS } from "./selection.ts";

/** A property of a Pod or its namespace that decides whether sidecars violate the enforced level. */
interface Feature {
  readonly condition: string;
  readonly spec: Partial<PodSpec>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Namespaces that enforce the controls of an older version, without those that came with 1.34. */
const OLD_VERSION = `${NAMESPACE_LABELS}[?${celString(ENFORCE_VERSION_LABEL)}].orValue("")` +
  `.matches("^v1[.]([0-9]|[12][0-9]|3[0-3])$")`;

const FEATURES: readonly Feature[] = [
  feature("variables.hostNetwork", { spec: { hostNetwork: true } }),
  feature('object.spec.?os.?name.orValue("") == "windows"', { spec: { os: { name: "windows" } } }),
  feature("object.spec.?securityContext.?runAsNonRoot.orValue(false)", {
    spec: { securityContext: { runAsNonRoot: true } },
  }),
  feature(
    'object.spec.?securityContext.?seccompProfile.?type.orValue("") in ["RuntimeDefault","Localhost"]',
    { spec: { securityContext: { seccompProfile: { type: "RuntimeDefault" } } } },
  ),
  feature(OLD_VERSION, { labels: { [ENFORCE_VERSION_LABEL]: "v1.33" } }),
];

/**
 * CEL conditions of Pods in namespaces whose enforced Pod Security level the sidecars violate. A Pod that violates
 * the same control by itself is refused with or without sidecars.
 */
export function securityConditions(plan: SidecarSetPlan): string[] {
  return ["baseline", "restricted"].flatMap((level) => {
    const condition = violationCondition((features) => isViolated(plan, { level, features }));
    if (condition === undefined) return [];
    const enforces = `${NAMESPACE_LABELS}[?${celString(ENFORCE_LABEL)}].orValue("") == ${
      celString(level)
    }`;
    return [allOf([enforces, condition])];
  });
}

function isViolated(
  plan: SidecarSetPlan,
  { level, features }: { level: string; features: readonly Feature[] },
): boolean {
  const securityContext = Object.assign(
    {},
    ...features.map(({ spec }) => spec.securityContext ?? {}),
  );
  const spec = Object.assign({ containers: [] }, ...features.map((each) => each.spec), {
    securityContext,
  });
  const labels = Object.assign({ [ENFORCE_LABEL]: level }, ...features.map((each) => each.labels));
  return violatedControls(plan, { pod: { metadata: {}, spec }, namespace: { labels } }).length > 0;
}

/** The condition in terms of the features that matter; undefined if the level is never violated. */
function violationCondition(
  isViolated: (features: readonly Feature[]) => boolean,
): string | undefined {
  const violating = new Set(SUBSETS.filter(isViolated));
  if (violating.size === 0) return undefined;
  const relevant = FEATURES.filter((feature) =>
    SUBSETS.some((subset) => violating.has(subset) !== violating.has(toggled(subset, feature)))
  );
  const isRelevant = (each: Feature) => relevant.includes(each);
  return anyOf(
    [...violating].filter((subset) => subset.every(isRelevant)).map((subset) =>
      allOf(
        relevant.map(({ condition }) =>
          subset.some((each) => each.condition === condition) ? condition : `!(${condition})`
        ),
      )
    ),
  );
}

const SUBSETS = subsetsOf(FEATURES);

function toggled(subset: readonly Feature[], feature: Feature): readonly Feature[] {
  const without = subset.filter((each) => each !== feature);
  const other = without.length < subset.length
    ? without
    : FEATURES.filter((each) => each === feature || subset.includes(each));
  return SUBSETS.find((each) => isSame(each, other)) ?? subset;
}

function isSame(a: readonly Feature[], b: readonly Feature[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}

function subsetsOf<T>(list: readonly T[]): readonly (readonly T[])[] {
  return list.reduce<readonly (readonly T[])[]>(
    (subsets, each) => [...subsets, ...subsets.map((subset) => [...subset, each])],
    [[]],
  );
}

function feature(
  condition: string,
  { spec = {}, labels = {} }: Partial<Pick<Feature, "spec" | "labels">>,
): Feature {
  return { condition, spec, labels };
}
