import { isDeepStrictEqual } from "node:util";
import type { Labels, LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { WebhookConfiguration, WebhookEntry } from "../../api/webhook_configuration.ts";
import { holds, isEmptySelector } from "../select/label_selector.ts";

/**
 * Requirements that the admission enforcer of a managed cluster (AKS, GKE Autopilot) adds to every webhook's
 * `namespaceSelector`. They are kept if they only exclude namespaces; removing them starts an endless fight with
 * the enforcer.
 */

interface ExclusionOptions {
  /**
   * Whether this process wrote the registered configuration, so that additional exclusions belong to another
   * client. Otherwise they may come from an earlier configuration of this program.
   */
  readonly isConfirmed: boolean;
}

/**
 * The configuration to write: the desired one with the exclusions that another client added to the registered one.
 */
export function withExclusions(
  desired: WebhookConfiguration,
  observed: WebhookConfiguration | undefined,
  options: ExclusionOptions,
): WebhookConfiguration {
  const registered = entriesByName(observed);
  const { webhooks = [] } = desired;
  const common = new CommonExclusions(webhooks, registered, options);
  if (common.isEmpty) return desired;
  return {
    ...desired,
    webhooks: webhooks.map((entry) => {
      const exclusions = common.of(entry);
      if (exclusions.length === 0) return entry;
      const selector = registered.get(entry.name)?.namespaceSelector;
      // The registered order is kept, so that both compare equal.
      const isKept = selector && isNarrowedBy(selector, entry.namespaceSelector, exclusions);
      const namespaceSelector = isKept ? selector : narrowed(entry.namespaceSelector, exclusions);
      return { ...entry, namespaceSelector };
    }),
  };
}

/**
 * The new entry with the exclusions of a registered one. The registered entry has no namespace requirements of this
 * program, so all of them belong to another client.
 */
export function narrowedAs(entry: WebhookEntry, registered: WebhookEntry): WebhookEntry {
  const exclusions = registered.namespaceSelector.matchExpressions?.filter(isExclusion) ?? [];
  if (exclusions.length === 0) return entry;
  return { ...entry, namespaceSelector: narrowed(entry.namespaceSelector, exclusions) };
}

/** Requirements that exclude namespaces in all registered entries for Pods, this program's included. */
export function podExclusions(
  observed: WebhookConfiguration | undefined,
): readonly LabelSelectorRequirement[] {
  const entries = observed?.webhooks?.filter(isNamespaced) ?? [];
  return intersection(
    entries.map(({ namespaceSelector: { matchExpressions = [] } }) =>
      matchExpressions.filter(isExclusion)
    ),
  );
}

/** Whether a requirement excludes a namespace with these labels. */
export function isExcluded(
  labels: Labels,
  exclusions: readonly LabelSelectorRequirement[],
): boolean {
  return exclusions.some((requirement) => !holds(requirement, labels));
}

/**
 * Exclusions common to all registered entries of the same scope: namespaced (Pods or Jobs) or cluster (SidecarSets).
 * An enforcer adds the same to each.
 */
class CommonExclusions {
  readonly #namespaced: readonly LabelSelectorRequirement[];
  readonly #cluster: readonly LabelSelectorRequirement[];

  constructor(
    desired: readonly WebhookEntry[],
    registered: ReadonlyMap<string, WebhookEntry>,
    options: ExclusionOptions,
  ) {
    const exclusionsOf = (entries: readonly WebhookEntry[]) =>
      entries.flatMap(({ name, namespaceSelector }) => {
        const observed = registered.get(name)?.namespaceSelector;
        return observed ? [foreignExclusions(observed, namespaceSelector, options)] : [];
      });
    const ofNamespaced = exclusionsOf(desired.filter(isNamespaced));
    const ofCluster = exclusionsOf(desired.filter((entry) => !isNamespaced(entry)));
    this.#cluster = intersection(ofCluster);
    // The first entry for Pods or Jobs gets the exclusions of the others, so that the enforcer need not add them.
    this.#namespaced = ofNamespaced.length > 0 ? intersection(ofNamespaced) : this.#cluster;
  }

  get isEmpty(): boolean {
    return this.#namespaced.length + this.#cluster.length === 0;
  }

  of(entry: WebhookEntry): readonly LabelSelectorRequirement[] {
    return isNamespaced(entry) ? this.#namespaced : this.#cluster;
  }
}

function foreignExclusions(
  observed: LabelSelector,
  desired: LabelSelector,
  { isConfirmed }: ExclusionOptions,
): LabelSelectorRequirement[] {
  const own = desired.matchExpressions ?? [];
  return (observed.matchExpressions ?? []).filter((each) =>
    isExclusion(each) && !own.some((requirement) => isSame(requirement, each)) &&
    (isConfirmed || !own.some((requirement) => isLongerList(each, requirement)))
  );
}

/**
 * Whether the requirement only excludes some namespaces; one on a label that all namespaces have would exclude all.
 */
function isExclusion({ key, operator, values = [] }: LabelSelectorRequirement): boolean {
  if (operator === "DoesNotExist") return key !== NAMESPACE_NAME_LABEL;
  return operator === "NotIn" && values.length > 0;
}

/** Whether a registered selector equals the desired one plus these exclusions. */
function isNarrowedBy(
  observed: LabelSelector,
  desired: LabelSelector,
  exclusions: readonly LabelSelectorRequirement[],
): boolean {
  const { matchExpressions = [], ...rest } = observed;
  const own = desired.matchExpressions ?? [];
  const allowed = [...own, ...exclusions];
  return isEmptySelector(rest) &&
    allowed.every((each) => matchExpressions.some((found) => implies(found, each))) &&
    matchExpressions.every((found) => allowed.some((each) => isSame(found, each)));
}

function narrowed(
  desired: LabelSelector,
  exclusions: readonly LabelSelectorRequirement[],
): LabelSelector {
  const own = (desired.matchExpressions ?? []).filter((each) =>
    !exclusions.some((exclusion) => implies(exclusion, each))
  );
  return { ...desired, matchExpressions: [...own, ...exclusions] };
}

function implies(requirement: LabelSelectorRequirement, other: LabelSelectorRequirement): boolean {
  return isSame(requirement, other) || isLongerList(requirement, other);
}

/** Whether a `NotIn` is a proper superset of another one. */
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

function isNamespaced({ rules }: WebhookEntry): boolean {
  return rules.some(({ scope }) => scope === "Namespaced");
}

function entriesByName(
  configuration: WebhookConfiguration | undefined,
): ReadonlyMap<string, WebhookEntry> {
  return new Map(configuration?.webhooks?.map((entry) => [entry.name, entry]));
}
