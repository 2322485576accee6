import { isDeepStrictEqual } from "node:util";
import { INSTALLATION } from "../../api/names.ts";
import type { WebhookConfiguration, WebhookEntry } from "../../api/webhook_configuration.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { planRegistration, type Registration } from "../../core/registration/configuration.ts";
import { policySets } from "../../core/admission_policy/members.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import { withExclusions } from "../../core/registration/exclusions.ts";
import { coverageBy, pendingIn } from "../../core/registration/pending.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, withLog } from "./facts.ts";

const START = "check that a controller runs: its leader writes the registration";

/** Checks that the webhook is registered for all Pods that SidecarSets select. */
export function checkRegistration(facts: Facts): Check[] {
  const check = checkNamed("webhook registration");
  const { mutating, validating } = facts;
  if (mutating === "forbidden" || validating === "forbidden") {
    return [check.skipped("this user may not read it")];
  }
  const absent = [
    ...(mutating === "absent" ? ["MutatingWebhookConfiguration"] : []),
    ...(validating === "absent" ? ["ValidatingWebhookConfiguration"] : []),
  ];
  if (absent.length > 0) {
    return [
      check.error(`${absent.join(" and ")} ${INSTALLATION} missing`, ...withLog(START, facts)),
    ];
  }
  if (mutating === "absent" || validating === "absent") return [];
  return [
    check.ok("both webhook configurations exist"),
    scope({ mutating, validating }, facts),
  ];
}

interface Registered {
  readonly mutating: WebhookConfiguration;
  readonly validating: WebhookConfiguration;
}

/** Compares the entries with those that the SidecarSets need. */
function scope({ mutating, validating }: Registered, facts: Facts): Check {
  const { cluster, excludedNamespaces } = facts;
  const check = checkNamed("registration's scope");
  if (!isKnown(cluster)) return check.skipped(UNKNOWN_CLUSTER);
  const pending = pendingIn(mutating.metadata);
  const desired = desiredRegistration(mutating, { ...facts, sidecarSets: cluster.sidecarSets });
  const [uncovered] = desired.uncovered.keys();
  if (uncovered !== undefined) {
    return check.error(
      `the selectors of SidecarSet ${uncovered} exceed its size limit`,
      "select by one label key, or use failurePolicy Ignore",
    );
  }
  const names = [
    ...differing(desired.mutating, mutating),
    // The entry for Jobs follows later.
    ...(pending.length === 0 ? differing(desired.validating, validating) : []),
  ].join(", ");
  if (names === "") return check.ok("covers all Pods that SidecarSets select");
  return check.error(
    `differs from what the SidecarSets and the excluded namespaces (${
      excludedNamespaces.join(", ")
    }) require: ${names}`,
    ...withLog(
      "if the controller has other --exclude-namespaces, pass the same to doctor; else see its log",
      facts,
    ),
  );
}

/**
 * The registration that the leader would write now, or one that is accepted because it ends by itself. A pending entry
 * covers new selections before the leader has added them to permanent ones, each at another time, and while the policy
 * settles, the webhook covers its SidecarSets too.
 */
function desiredRegistration(
  mutating: WebhookConfiguration,
  { sidecarSets, excludedNamespaces, policy }:
    & Pick<Facts, "excludedNamespaces" | "policy">
    & { readonly sidecarSets: readonly PreparedSidecarSet[] },
): Registration {
  const owner = mutating.metadata.ownerReferences?.[0];
  const pending = pendingIn(mutating.metadata);
  const plan = (
    planned: readonly PreparedSidecarSet[],
    injectedByPolicy: ReadonlySet<string> = new Set(),
  ) =>
    planRegistration({
      ...{ name: INSTALLATION, endpoint: { url: "" }, caBundle: "", excludedNamespaces },
      ...{ sidecarSets: planned, injectedByPolicy, pending, ...(owner ? { owner } : {}) },
    });
  const isPending = coverageBy(pending);
  const permanent = sidecarSets.filter((each) => !isPending(each));
  const inPolicy = policySets(isKnown(policy) ? policy : undefined);
  const byPolicy = new Set(
    sidecarSets.filter(usesPolicy).map(({ name }) => name).filter((name) => inPolicy.has(name)),
  );
  const accepted = [
    () => plan(sidecarSets),
    () => plan(permanent),
    () => plan(permanent, byPolicy),
  ];
  return accepted.values().map((each) => each())
    .find((each) => differing(each.mutating, mutating).length === 0) ??
    plan(sidecarSets, byPolicy);
}

/** Names of the entries that are missing or have another scope, but for namespaces that another client has excluded. */
function differing(desired: WebhookConfiguration, registered: WebhookConfiguration): string[] {
  // An entry may have some of the SidecarSets whose selections are pending, as the leader does not see all at once.
  const isEnough = pendingIn(registered.metadata).length > 0 ? hasScope : isScope;
  const entries = new Map((registered.webhooks ?? []).map((entry) => [entry.name, entry]));
  const narrowed = withExclusions(desired, registered, { isConfirmed: false });
  return (narrowed.webhooks ?? []).filter((entry) => {
    const found = entries.get(entry.name);
    return found === undefined || !isEnough(found, entry);
  }).map(({ name }) => name);
}

function isScope(found: WebhookEntry, desired: WebhookEntry): boolean {
  return isDeepStrictEqual(scopeOf(found), scopeOf(desired));
}

/** Whether an entry has the desired scope, perhaps with further selectors: with each label key and value at least. */
function hasScope(found: WebhookEntry, desired: WebhookEntry): boolean {
  const [wide, narrow] = [selectorsIn(found), selectorsIn(desired)];
  const selectsAll = wide.expression === undefined;
  return isScope(wide.entry, narrow.entry) &&
    (selectsAll || narrow.expression !== undefined && narrow.literals.isSubsetOf(wide.literals));
}

/** An entry without the expression of its selectors, and that with its string literals. */
function selectorsIn(entry: WebhookEntry) {
  const { matchConditions = [] } = entry;
  const expression = matchConditions.find(({ name }) => name === "selected")?.expression;
  return {
    entry: { ...entry, matchConditions: matchConditions.filter(({ name }) => name !== "selected") },
    expression,
    literals: new Set(expression?.match(/'(?:[^'\\]|\\.)*'/g)),
  };
}

function scopeOf({ failurePolicy, matchConditions, namespaceSelector, rules }: WebhookEntry) {
  return { failurePolicy, matchConditions, namespaceSelector, rules };
}
