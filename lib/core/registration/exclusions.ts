import { isDeepStrictEqual } from "node:util";
import type { Labels, LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { WebhookConfiguration, WebhookEntry } from "../../api/webhook_configuration.ts";
import { holds } from "../select/label_selector.ts";
import { isEmptySelector } from "../select/requirements.ts";

/**
 * Requirements that an admission enforcer of a managed cluster adds to the `namespaceSelector` of every webhook (AKS, GKE Autopilot). They are
 * kept as long as they only exclude namespaces: writing without them starts a fight that the enforcer wins.
 */

export interface ExclusionOptions {
  /**
   * What this program wrote is known to be registered, so that a longer list of excluded namespaces is another client's. Otherwise it may be
   * what this program wrote with other settings.
   */
  readonly isConfirmed: boolean;
}

/** The configuration to write: as wanted, with the exclusions that another client has added to what is registered. */
export function withExclusions(
  wanted: WebhookConfiguration,
  observed: WebhookConfiguration | undefined,
  options: ExclusionOptions,
): WebhookConfiguration {
  const registered = entriesByName(observed);
  const { webhooks = [] } = wanted;
  const common = new CommonExclusions(webhooks, registered, options);
  if (common.isEmpty) return wanted;
  return {
    ...wanted,
    webhooks: webhooks.map((entry) => {
      const exclusions = common.of(entry);
      if (exclusions.length === 0) return entry;
      const selector = registered.get(entry.name)?.namespaceSelector;
      // Taken as it is registered, so that it compares equal whatever its order is.
      const isKept = selector && isNarrowedBy(selector, entry.namespaceSelector, exclusions);
      const namespaceSelector = isKept ? selector : narrowed(entry.namespaceSelector, exclusions);
      return { ...entry, namespaceSelector };
    }),
  };
}

/** A new entry with the exclusions of a registered one that asks nothing of namespaces by itself, so that all of them are foreign. */
export function narrowedAs(entry: WebhookEntry, registered: WebhookEntry): WebhookEntry {
  const exclusions = registered.namespaceSelector.matchExpressions?.filter(isExclusion) ?? [];
  if (exclusions.length === 0) return entry;
  return { ...entry, namespaceSelector: narrowed(entry.namespaceSelector, exclusions) };
}

/** The requirements of all registered entries for Pods that exclude namespaces, this program's own among them. */
export function podExclusions(
  observed: WebhookConfiguration | undefined,
): readonly LabelSelectorRequirement[] {
  const entries = observed?.webhooks?.filter(isForPods) ?? [];
  return intersection(
    entries.map(({ namespaceSelector: { matchExpressions = [] } }) =>
      matchExpressions.filter(isExclusion)
    ),
  );
}

/** Whether one of the requirements keeps the webhook from a namespace with these labels. */
export function isExcluded(
  labels: Labels,
  exclusions: readonly LabelSelectorRequirement[],
): boolean {
  return exclusions.some((requirement) => !holds(requirement, labels));
}

/** Exclusions that all registered entries for the same resources have: an enforcer treats them alike. */
class CommonExclusions {
  readonly #forPods: readonly LabelSelectorRequirement[];
  readonly #forOthers: readonly LabelSelectorRequirement[];

  constructor(
    wanted: readonly WebhookEntry[],
    registered: ReadonlyMap<string, WebhookEntry>,
    options: ExclusionOptions,
  ) {
    const exclusionsOf = (entries: readonly WebhookEntry[]) =>
      entries.flatMap(({ name, namespaceSelector }) => {
        const observed = registered.get(name)?.namespaceSelector;
        return observed ? [foreignExclusions(observed, namespaceSelector, options)] : [];
      });
    const ofPods = exclusionsOf(wanted.filter(isForPods));
    const ofOthers = exclusionsOf(wanted.filter((entry) => !isForPods(entry)));
    this.#forOthers = intersection(ofOthers);
    // The first entry for Pods gets what the others have, so that the enforcer has nothing to add.
    this.#forPods = ofPods.length > 0 ? intersection(ofPods) : this.#forOthers;
  }

  get isEmpty(): boolean {
    return this.#forPods.length + this.#forOthers.length === 0;
  }

  of(entry: WebhookEntry): readonly LabelSelectorRequirement[] {
    return isForPods(entry) ? this.#forPods : this.#forOthers;
  }
}

function foreignExclusions(
  observed: LabelSelector,
  wanted: LabelSelector,
  { isConfirmed }: ExclusionOptions,
): LabelSelectorRequirement[] {
  const own = wanted.matchExpressions ?? [];
  return (observed.matchExpressions ?? []).filter((each) =>
    isExclusion(each) && !own.some((requirement) => isSame(requirement, each)) &&
    (isConfirmed || !own.some((requirement) => isLongerList(each, requirement)))
  );
}

/** Whether the requirement can only take namespaces away; one on the label that all namespaces have would take all. */
function isExclusion({ key, operator, values = [] }: LabelSelectorRequirement): boolean {
  if (operator === "DoesNotExist") return key !== NAMESPACE_NAME_LABEL;
  return operator === "NotIn" && values.length > 0;
}

/** Whether a registered selector holds what is wanted and these exclusions, and nothing else. */
function isNarrowedBy(
  observed: LabelSelector,
  wanted: LabelSelector,
  exclusions: readonly LabelSelectorRequirement[],
): boolean {
  const { matchExpressions = [], ...rest } = observed;
  const own = wanted.matchExpressions ?? [];
  const allowed = [...own, ...exclusions];
  return isEmptySelector(rest) &&
    allowed.every((each) => matchExpressions.some((found) => implies(found, each))) &&
    matchExpressions.every((found) => allowed.some((each) => isSame(found, each)));
}

function narrowed(
  wanted: LabelSelector,
  exclusions: readonly LabelSelectorRequirement[],
): LabelSelector {
  const own = (wanted.matchExpressions ?? []).filter((each) =>
    !exclusions.some((exclusion) => implies(exclusion, each))
  );
  return { ...wanted, matchExpressions: [...own, ...exclusions] };
}

function implies(requirement: LabelSelectorRequirement, other: LabelSelectorRequirement): boolean {
  return isSame(requirement, other) || isLongerList(requirement, other);
}

/** Whether a `NotIn` names all values of another one, and more. */
function isLongerList(
  { key, operator, values = [] }: LabelSelectorRequirement,
  other: LabelSelectorRequirement,
): boolean {
  const { values: fewer = [] } = other;
  return key === other.key && operator === "NotIn" && other.operator === "NotIn" &&
    values.length > fewer.length && fewer.every((value) => values.includes(value));
}

function isSame(a: LabelSelectorRequirement, b: LabelSelectorRequirement): boolean {
  return a.key === b.key && a.operator === b.operator &&
    isDeepStrictEqual(a.values?.toSorted() ?? [], b.values?.toSorted() ?? []);
}

function intersection(
  lists: readonly (readonly LabelSelectorRequirement[])[],
): readonly LabelSelectorRequirement[] {
  const [first = [], ...others] = lists;
  return first.filter((each) => others.every((list) => list.some((other) => isSame(each, other))));
}

function isForPods({ rules }: WebhookEntry): boolean {
  return rules.some(({ resources }) => resources.includes("pods"));
}

function entriesByName(
  configuration: WebhookConfiguration | undefined,
): ReadonlyMap<string, WebhookEntry> {
  return new Map(configuration?.webhooks?.map((entry) => [entry.name, entry]));
}
