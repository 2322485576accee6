import { isDeepStrictEqual } from "node:util";
import { INSTALLATION } from "../../api/names.ts";
import type { WebhookConfiguration, WebhookEntry } from "../../api/webhook_configuration.ts";
import { planRegistration } from "../../core/registration/configuration.ts";
import { policySets } from "../../core/admission_policy/members.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import { withExclusions } from "../../core/registration/exclusions.ts";
import { pendingIn } from "../../core/registration/pending.ts";
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

/**
 * Compares the entries with those that the SidecarSets need. For a few seconds a pending entry may cover a new
 * selection instead of a permanent one, so pending selections are part of the plan. The entry for Jobs follows later.
 */
function scope(
  { mutating, validating }: Registered,
  facts: Facts,
): Check {
  const { cluster, excludedNamespaces, policy } = facts;
  const check = checkNamed("registration's scope");
  if (!isKnown(cluster)) return check.skipped(UNKNOWN_CLUSTER);
  const owner = mutating.metadata.ownerReferences?.[0];
  const pending = pendingIn(mutating.metadata);
  const plan = (injectedByPolicy: ReadonlySet<string>) =>
    planRegistration({
      name: INSTALLATION,
      sidecarSets: cluster.sidecarSets,
      excludedNamespaces,
      endpoint: { url: "" },
      caBundle: "",
      pending,
      injectedByPolicy,
      ...(owner ? { owner } : {}),
    });
  const using = cluster.sidecarSets.filter(usesPolicy).map(({ name }) => name);
  const inPolicy = policySets(isKnown(policy) ? policy : undefined);
  const reviewed = plan(new Set());
  // While the policy settles, the webhook covers its SidecarSets too.
  const desired = differing(reviewed.mutating, mutating).length === 0
    ? reviewed
    : plan(new Set(using.filter((name) => inPolicy.has(name))));
  const [uncovered] = desired.uncovered.keys();
  if (uncovered !== undefined) {
    return check.error(
      `the selectors of SidecarSet ${uncovered} exceed its size limit`,
      "select by one label key, or use failurePolicy Ignore",
    );
  }
  const names = [
    ...differing(desired.mutating, mutating),
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

/** Names of the entries that are missing or have another scope, but for namespaces that another client has excluded. */
function differing(desired: WebhookConfiguration, registered: WebhookConfiguration): string[] {
  const entries = new Map((registered.webhooks ?? []).map((entry) => [entry.name, entry]));
  const narrowed = withExclusions(desired, registered, { isConfirmed: false });
  return (narrowed.webhooks ?? []).filter((entry) => {
    const found = entries.get(entry.name);
    return found === undefined || !isDeepStrictEqual(scopeOf(found), scopeOf(entry));
  }).map(({ name }) => name);
}

function scopeOf({ failurePolicy, matchConditions, namespaceSelector, rules }: WebhookEntry) {
  return { failurePolicy, matchConditions, namespaceSelector, rules };
}
