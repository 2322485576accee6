import { createHash } from "node:crypto";
import type { LabelSelectorRequirement } from "../../api/meta.ts";
import { GROUP, MIRROR_POD_ANNOTATION, NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { WebhookClientConfig, WebhookEntry } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { LEFT_TO_WEBHOOK, LEFT_TO_WEBHOOK_ENTRY } from "./left_to_webhook.ts";
import {
  filterInSteps,
  forEachInSteps,
  mapInSteps,
  runAtOnce,
  sortInSteps,
  type Steps,
} from "../steps.ts";
import { type Scope, scopeInSteps } from "./scope.ts";
import { isInjecting, type SelectionSpec } from "./selection.ts";

/**
 * Maximum number of entries; beyond it all `Ignore` entries are merged into one. The API server calls each matching
 * entry.
 */
const MAX_ENTRIES = 20;
/** Maximum size of all entries as JSON. etcd's limit is 1.5 MiB, and each entry gets a CA bundle later. */
const MAX_CHARACTERS = 1_000_000;
/** Looking a member up is much cheaper than writing its expression. */
const MEMBERS_PER_STEP = 1_000;

/** What entries for Pods depend on besides the selections. */
export interface PodEntriesOptions {
  readonly excludedNamespaces: readonly string[];
  readonly clientConfig: WebhookClientConfig;
  /** False if nothing deletes the configuration with the program; then no entry may refuse Pods. */
  readonly mayFail: boolean;
}

interface Selecting {
  readonly name: string;
  readonly spec: SelectionSpec;
}

interface Group<Member extends Selecting = Selecting> {
  readonly failurePolicy: "Ignore" | "Fail";
  readonly namespaces: readonly LabelSelectorRequirement[];
  readonly members: Member[];
}

/** One entry for each pair of failure policy and namespace selector, narrowed to the selected Pods. */
export function* podEntries(
  sidecarSets: readonly PreparedSidecarSet[],
  options: PodEntriesOptions,
): Steps<{ entries: WebhookEntry[]; uncovered: Map<string, "ScopeTooLarge"> }> {
  const groups = yield* groupsOf(yield* selectionsOf(sidecarSets), options);
  const ignoring = groups.filter(({ failurePolicy }) => failurePolicy === "Ignore");
  const failing = groups.filter(({ failurePolicy }) => failurePolicy === "Fail");
  const isMany = groups.length > MAX_ENTRIES && ignoring.length > 1;
  const narrow = isMany ? undefined : yield* plannedEntries([...ignoring, ...failing], options);
  if (narrow?.isWhole) return narrow;
  return yield* plannedEntries([...merged(ignoring), ...failing], options);
}

function* selectionsOf(sidecarSets: readonly PreparedSidecarSet[]): Steps<Selecting[]> {
  const injecting = yield* filterInSteps(sidecarSets, isInjecting);
  return yield* mapInSteps(injecting, ({ name, sidecarSet: { spec } }) => ({ name, spec }));
}

interface PlannedEntries {
  readonly entries: WebhookEntry[];
  readonly uncovered: Map<string, "ScopeTooLarge">;
  /** Whether all entries fit. */
  readonly isWhole: boolean;
}

/** Entries of the groups that fit, sorted by name. */
function* plannedEntries(
  groups: readonly Group[],
  options: PodEntriesOptions,
): Steps<PlannedEntries> {
  const entries: WebhookEntry[] = [];
  const uncovered = new Map<string, "ScopeTooLarge">();
  let room = MAX_CHARACTERS;
  let isWhole = true;
  for (const group of groups) {
    yield;
    const scope = yield* scopeOfGroup(group);
    const entry = entryOf(group, scope, options);
    const characters = JSON.stringify(entry).length;
    const fits = characters <= room;
    yield* forEachInSteps(group.members.entries(), ([index, { name }]) => {
      if (!fits || !scope.covered.has(index)) uncovered.set(name, "ScopeTooLarge");
    }, MEMBERS_PER_STEP);
    if (!fits) isWhole = false;
    if (!fits || scope.covered.size === 0) continue;
    room -= characters;
    entries.push(entry);
  }
  return { entries: entries.sort((a, b) => a.name < b.name ? -1 : 1), uncovered, isWhole };
}

/** One entry for each group of selections; `configOf` names them in the entry's path. */
export function separateEntries<Member extends Selecting>(
  selections: readonly Member[],
  options: PodEntriesOptions & {
    readonly prefix: string;
    configOf(members: readonly Member[]): WebhookClientConfig;
  },
): { entries: WebhookEntry[]; uncovered: Set<Member> } {
  const uncovered = new Set<Member>();
  const entries: WebhookEntry[] = [];
  for (const group of runAtOnce(groupsOf(selections, options))) {
    const scope = runAtOnce(scopeOfGroup(group));
    const covered = group.members.filter((_, index) => scope.covered.has(index));
    for (const member of group.members) if (!covered.includes(member)) uncovered.add(member);
    if (covered.length === 0) continue;
    const entry = entryOf(group, scope, { ...options, clientConfig: options.configOf(covered) });
    entries.push({ ...entry, name: options.prefix + entry.name });
  }
  return { entries: entries.sort((a, b) => a.name < b.name ? -1 : 1), uncovered };
}

/** The entry for Pods that a policy leaves to the webhook; none without SidecarSets. */
export function* leftToWebhookEntries(
  sidecarSets: readonly PreparedSidecarSet[],
  options: PodEntriesOptions,
): Steps<WebhookEntry[]> {
  const members = yield* selectionsOf(sidecarSets);
  if (members.length === 0) return [];
  const group: Group = { failurePolicy: "Ignore", namespaces: [], members };
  const { matchConditions = [], ...entry } = entryOf(group, yield* scopeOfGroup(group), options);
  return [{
    ...entry,
    name: LEFT_TO_WEBHOOK_ENTRY,
    matchConditions: [...matchConditions, { ...LEFT_TO_WEBHOOK }],
  }];
}

function* groupsOf<Member extends Selecting>(
  selections: readonly Member[],
  { mayFail }: Pick<PodEntriesOptions, "mayFail">,
): Steps<Group<Member>[]> {
  const groups = new Map<string, Group<Member>>();
  const sorted = yield* sortInSteps(selections, (a, b) => a.name < b.name ? -1 : 1);
  yield* forEachInSteps(sorted, (selection) => {
    const { spec } = selection;
    const namespaces = namespaceRequirements(spec);
    const failurePolicy = mayFail ? spec.failurePolicy ?? "Ignore" : "Ignore";
    const key = JSON.stringify([failurePolicy, namespaces]);
    const group = groups.get(key) ?? { failurePolicy, namespaces, members: [] };
    group.members.push(selection);
    groups.set(key, group);
  });
  return [...groups.values()];
}

function* scopeOfGroup({ members, failurePolicy }: Group): Steps<Scope> {
  const selectors = yield* mapInSteps(members, ({ spec }) => spec.selector ?? {});
  return yield* scopeInSteps(selectors, { widen: failurePolicy === "Ignore" });
}

/** One group without requirements on namespaces. */
function merged(ignoring: readonly Group[]): Group[] {
  if (ignoring.length === 0) return [];
  const members = ignoring.flatMap((group) => group.members);
  return [{ failurePolicy: "Ignore", namespaces: [], members }];
}

/** `spec.namespace` and `namespaceSelector` as requirements on the namespace's labels, in a canonical order. */
function namespaceRequirements(spec: SelectionSpec): LabelSelectorRequirement[] {
  const { matchLabels = {}, matchExpressions = [] } = spec.namespaceSelector ?? {};
  const equal = Object.entries(matchLabels);
  if (spec.namespace) equal.push([NAMESPACE_NAME_LABEL, spec.namespace]);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => ({
    key,
    operator,
    ...(values.length > 0 ? { values: values.toSorted() } : {}),
  }));
  return [
    ...equal.map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
    ...expressions,
  ].toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

function entryName({ failurePolicy, namespaces }: Group): string {
  const digest = createHash("sha256").update(JSON.stringify(namespaces)).digest("hex").slice(0, 10);
  return `${failurePolicy.toLowerCase()}-${digest}.pods.${GROUP}`;
}

function entryOf(group: Group, scope: Scope, options: PodEntriesOptions): WebhookEntry {
  const excluded = {
    key: NAMESPACE_NAME_LABEL,
    operator: "NotIn" as const,
    values: [...options.excludedNamespaces].toSorted(),
  };
  return {
    name: entryName(group),
    admissionReviewVersions: ["v1"],
    clientConfig: options.clientConfig,
    failurePolicy: group.failurePolicy,
    matchConditions: [
      // Mirror Pods are copies of static Pods, and cannot be changed.
      {
        name: "not-a-mirror-pod",
        expression:
          `!has(object.metadata.annotations) || !('${MIRROR_POD_ANNOTATION}' in object.metadata.annotations)`,
      },
      ...(scope.expression ? [{ name: "selected", expression: scope.expression }] : []),
    ],
    matchPolicy: "Equivalent",
    namespaceSelector: {
      matchExpressions: [
        ...(excluded.values.length > 0 ? [excluded] : []),
        ...group.namespaces,
      ],
    },
    objectSelector: {},
    reinvocationPolicy: "IfNeeded",
    rules: [{
      apiGroups: [""],
      apiVersions: ["v1"],
      operations: ["CREATE"],
      resources: ["pods"],
      scope: "Namespaced",
    }],
    sideEffects: "None",
    timeoutSeconds: 3,
  };
}
