import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";

interface Rule {
  readonly kind: unknown;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/**
 * The rules of the controller's roles in an installation with all its additions; those for people are not bound to
 * it.
 */
const rules = installationObjects({ openkruise: true, prometheusOperator: true })
  .filter(({ metadata }) => !(isObject(metadata) && /-(view|edit)$/.test(String(metadata.name))))
  .flatMap(({ kind, rules }): Rule[] =>
    Array.isArray(rules) ? rules.filter(isObject).map((rule) => ({ kind, ...rule }) as Rule) : []
  );

Deno.test("the roles grant nothing by a wildcard, and nothing that leads to more rights", () => {
  assert.ok(rules.length > 15);
  for (const { apiGroups, resources, verbs } of rules) {
    for (const word of [...apiGroups, ...resources, ...verbs]) assert.ok(!word.includes("*"), word);
    for (const verb of verbs) {
      assert.doesNotMatch(verb, /^(impersonate|escalate|bind|approve|sign)$/);
    }
    for (const resource of resources) {
      assert.doesNotMatch(resource, /\/(exec|attach|portforward|proxy|ephemeralcontainers|token)$/);
    }
  }
});

Deno.test("the roles grant no Secret but the controller's own, in its own namespace", () => {
  const secrets = rules.filter(({ resources }) => resources.includes("secrets"));
  const granted = secrets.map(({ kind, verbs, resourceNames = [] }) => [
    kind,
    ...verbs,
    ...resourceNames,
  ]);
  assert.deepEqual(granted, [
    ["Role", "create"],
    ["Role", "get", "update", "sidecarset-webhook-ca"],
  ]);
});

Deno.test("the roles delete no Pod and no SidecarSet, and change no workload", () => {
  const removable = rules.filter(({ verbs }) => verbs.some((verb) => verb.startsWith("delete")));
  assert.deepEqual(removable.flatMap(({ kind, resources }) => [kind, ...resources]), [
    "ClusterRole",
    "mutatingadmissionpolicies",
    "mutatingadmissionpolicybindings",
    "Role",
    "controllerrevisions",
    "Role",
    "configmaps",
    "Role",
    "leases",
  ]);
  const workloads = rules.filter(({ apiGroups, resources }) =>
    apiGroups.includes("apps") && !resources.includes("controllerrevisions")
  );
  for (const { verbs } of workloads) assert.deepEqual(verbs, ["get"]);
});
