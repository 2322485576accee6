import { createHash } from "node:crypto";
import type { LabelSelector, LabelSelectorRequirement } from "../../api/meta.ts";
import { GROUP, NAMESPACE_NAME_LABEL } from "../../api/names.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import type { WebhookClientConfig, WebhookEntry } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { type Scope, scopeOf } from "./scope.ts";

/** Past this many entries those with `failurePolicy: Ignore` become one: each entry is a call of its own for the Pods that several take. */
export const MAX_ENTRIES = 20;
/** Room for all entries as JSON: etcd takes an object of 1.5 MiB, and a certificate authority may still come to each entry. */
export const MAX_CHARACTERS = 1_000_000;

export interface PodEntriesOptions {
  readonly excludedNamespaces: readonly string[];
  readonly clientConfig: WebhookClientConfig;
  /** False where nothing would remove the registration with the program: then no entry may refuse a Pod. */
  readonly mayFail: boolean;
}

interface Group {
  readonly failurePolicy: "Ignore" | "Fail";
  readonly namespaces: readonly LabelSelectorRequirement[];
  readonly members: { readonly name: string; readonly selector: LabelSelector }[];
}

/** One entry for each pair of failure policy and namespace selector in use, narrowed to the Pods that a SidecarSet selects. */
export function podEntries(
  sidecarSets: readonly PreparedSidecarSet[],
  options: PodEntriesOptions,
): { entries: WebhookEntry[]; uncovered: Map<string, "ScopeTooLarge"> } {
  const groups = groupsOf(sidecarSets, options);
  const ignoring = groups.filter(({ failurePolicy }) => failurePolicy === "Ignore");
  const failing = groups.filter(({ failurePolicy }) => failurePolicy === "Fail");
  const isMany = groups.length > MAX_ENTRIES && ignoring.length > 1;
  const narrow = isMany ? undefined : plannedEntries([...ignoring, ...failing], options);
  return narrow?.isWhole ? narrow : plannedEntries([...merged(ignoring), ...failing], options);
}

interface PlannedEntries {
  readonly entries: WebhookEntry[];
  readonly uncovered: Map<string, "ScopeTooLarge">;
  /** Whether there was room for all entries. */
  readonly isWhole: boolean;
}

/** The entries of the groups, as long as there is room, in order of their names. */
function plannedEntries(groups: readonly Group[], options: PodEntriesOptions): PlannedEntries {
  const entries: WebhookEntry[] = [];
  const uncovered = new Map<string, "ScopeTooLarge">();
  let room = MAX_CHARACTERS;
  let isWhole = true;
  for (const group of groups) {
    const selectors = group.members.map(({ selector }) => selector);
    const scope = scopeOf(selectors, { widen: group.failurePolicy === "Ignore" });
    const entry = entryOf(group, scope, options);
    const characters = JSON.stringify(entry).length;
    const fits = characters <= room;
    for (const [index, { name }] of group.members.entries()) {
      if (!fits || !scope.covered.has(index)) uncovered.set(name, "ScopeTooLarge");
    }
    if (!fits) isWhole = false;
    if (!fits || scope.covered.size === 0) continue;
    room -= characters;
    entries.push(entry);
  }
  return { entries: entries.sort((a, b) => a.name < b.name ? -1 : 1), uncovered, isWhole };
}

function groupsOf(sidecarSets: readonly PreparedSidecarSet[], options: PodEntriesOptions): Group[] {
  const groups = new Map<string, Group>();
  const wanted = sidecarSets.filter(isInjecting).toSorted((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, sidecarSet: { spec } } of wanted) {
    const namespaces = namespaceRequirements(spec);
    const failurePolicy = options.mayFail ? spec.failurePolicy ?? "Ignore" : "Ignore";
    const key = JSON.stringify([failurePolicy, namespaces]);
    const group = groups.get(key) ?? { failurePolicy, namespaces, members: [] };
    group.members.push({ name, selector: spec.selector ?? {} });
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Whether new Pods are to get this SidecarSet at all. */
function isInjecting({ sidecarSet, problems }: PreparedSidecarSet): boolean {
  return problems.length === 0 && sidecarSet.spec.selector !== undefined &&
    sidecarSet.spec.injectionStrategy?.paused !== true;
}

/** One group that asks nothing of the namespace. */
function merged(ignoring: readonly Group[]): Group[] {
  if (ignoring.length === 0) return [];
  const members = ignoring.flatMap((group) => group.members);
  return [{ failurePolicy: "Ignore", namespaces: [], members }];
}

/** `spec.namespace` and `namespaceSelector` as requirements on the namespace's labels, in a canonical order. */
function namespaceRequirements(spec: SidecarSetSpec): LabelSelectorRequirement[] {
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
      // The kubelet creates mirror Pods for static ones and cannot change them.
      {
        name: "not-a-mirror-pod",
        expression:
          "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)",
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
