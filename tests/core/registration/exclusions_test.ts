import assert from "node:assert/strict";
import fc from "fast-check";
import type { LabelSelector, LabelSelectorRequirement } from "../../../lib/api/meta.ts";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import {
  isExcluded,
  podExclusions,
  withExclusions,
} from "../../../lib/core/registration/exclusions.ts";
import { sidecarSetOf } from "../../support/objects.ts";

const NAME = "kubernetes.io/metadata.name";
const notIn = (key: string, ...values: string[]): LabelSelectorRequirement => ({
  key,
  operator: "NotIn",
  values,
});
const absent = (key: string): LabelSelectorRequirement => ({ key, operator: "DoesNotExist" });
const AKS = [notIn("control-plane", "true"), notIn("kubernetes.azure.com/managedby", "aks")];
const GKE = [notIn(NAME, "kube-system", "gke-gmp-system", "gke-managed-cim")];

function plan(specs: Parameters<typeof sidecarSetOf>[0][] = [{ name: "web" }]) {
  return planRegistration({
    name: "sidecarset",
    sidecarSets: specs.map(sidecarSetOf),
    excludedNamespaces: ["kube-system", "sidecarset-system"],
    endpoint: { url: "https://127.0.0.1:9443" },
    caBundle: "pem",
  }).mutating;
}

function edited(
  configuration: WebhookConfiguration,
  edit: (selector: LabelSelector, name: string) => LabelSelector,
): WebhookConfiguration {
  const webhooks = configuration.webhooks?.map((entry) => ({
    ...entry,
    namespaceSelector: edit(entry.namespaceSelector, entry.name),
  })) ?? [];
  return { ...configuration, webhooks };
}

const adding = (...requirements: LabelSelectorRequirement[]) => (selector: LabelSelector) => ({
  ...selector,
  matchExpressions: [...selector.matchExpressions ?? [], ...requirements],
});

const confirmed = { isConfirmed: true };

for (
  const [what, requirements] of [
    ["AKS", AKS],
    ["GKE Autopilot", GKE],
    ["a label that must be absent", [absent("admission.example.com/ignore")]],
  ] as const
) {
  Deno.test(`withExclusions() keeps the requirements of ${what} as they are registered`, () => {
    const planned = plan();
    for (const isConfirmed of [true, false]) {
      const inFront = edited(planned, ({ matchExpressions = [] }) => ({
        matchExpressions: [...requirements, ...matchExpressions],
      }));
      assert.deepEqual(withExclusions(planned, inFront, { isConfirmed }), inFront);
      const behind = edited(planned, adding(...requirements));
      assert.deepEqual(withExclusions(planned, behind, { isConfirmed }), behind);
    }
  });

  Deno.test(`withExclusions() gives the requirements of ${what} to new entries`, () => {
    const before = edited(plan([]), adding(...requirements));
    const first = withExclusions(plan(), before, confirmed);
    assert.deepEqual(first, edited(plan(), adding(...requirements)));
    const two = plan([{ name: "web" }, { name: "db", spec: { failurePolicy: "Fail" } }]);
    assert.deepEqual(
      withExclusions(two, first, confirmed),
      edited(two, adding(...requirements)),
    );
  });
}

Deno.test("withExclusions() keeps what an enforcer adds to Pod entries alone, and to this program's own list", () => {
  const planned = plan([{ name: "web" }, { name: "db", spec: { namespace: "db" } }]);
  const pods = edited(
    planned,
    (selector, name) => name.includes(".pods.") ? adding(...GKE)(selector) : selector,
  );
  assert.deepEqual(withExclusions(planned, pods, confirmed), pods);
  const longer = edited(planned, ({ matchExpressions = [], ...rest }) => ({
    ...rest,
    ...(matchExpressions.length === 0 ? {} : {
      matchExpressions: matchExpressions.map((each) =>
        each.operator === "NotIn"
          ? { ...each, values: [...each.values ?? [], "gke-gmp-system"] }
          : each
      ),
    }),
  }));
  assert.deepEqual(withExclusions(planned, longer, confirmed), longer);
  assert.deepEqual(
    withExclusions(planned, longer, { isConfirmed: false }),
    planned,
    "it may be what this program wrote with other settings",
  );
});

for (
  const [what, edit] of [
    ["another operator", adding({ key: "team", operator: "In", values: ["a"] })],
    ["a label that must exist", adding({ key: "team", operator: "Exists" })],
    ["matchLabels", (selector) => ({ ...selector, matchLabels: { team: "a" } })],
    ["a removed requirement", () => ({})],
    ["a label that every namespace has", adding(absent(NAME))],
  ] satisfies [string, (selector: LabelSelector) => LabelSelector][]
) {
  Deno.test(`withExclusions() does not keep ${what}`, () => {
    const planned = plan();
    assert.deepEqual(withExclusions(planned, edited(planned, edit), confirmed), planned);
    const both = edited(planned, (selector) => adding(...AKS)(edit(selector)));
    assert.deepEqual(
      withExclusions(planned, both, confirmed),
      edited(planned, adding(...AKS)),
      "what only excludes namespaces stays",
    );
  });
}

Deno.test("withExclusions() does not keep what only one of several entries for Pods has", () => {
  const planned = plan([{ name: "web" }, { name: "db", spec: { namespace: "db" } }]);
  const [first] = planned.webhooks ?? [];
  const one = edited(
    planned,
    (selector, name) => name === first?.name ? adding(...AKS)(selector) : selector,
  );
  assert.deepEqual(withExclusions(planned, one, confirmed), planned);
});

Deno.test("withExclusions() of what it has answered is the same, whatever was added", () => {
  const requirement = fc.record({
    key: fc.constantFrom(NAME, "a", "b"),
    operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
    values: fc.uniqueArray(
      fc.constantFrom("kube-system", "sidecarset-system", "x", "y"),
      { minLength: 1 },
    ),
  }) as fc.Arbitrary<LabelSelectorRequirement>;
  fc.assert(
    fc.property(fc.array(requirement, { maxLength: 4 }), fc.boolean(), (added, isConfirmed) => {
      const planned = plan();
      const written = withExclusions(planned, edited(planned, adding(...added)), { isConfirmed });
      assert.deepEqual(withExclusions(planned, written, confirmed), written);
    }),
  );
});

Deno.test("isExcluded() says which namespaces the registration leaves out", () => {
  const exclusions = podExclusions(edited(plan(), adding(...AKS)));
  assert.equal(isExcluded({ [NAME]: "shop" }, exclusions), false);
  assert.equal(isExcluded({ [NAME]: "kube-system" }, exclusions), true);
  assert.equal(isExcluded({ [NAME]: "calico", "control-plane": "true" }, exclusions), true);
  assert.deepEqual(podExclusions(undefined), []);
});
