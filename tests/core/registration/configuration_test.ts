import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import {
  planRegistration,
  planRegistrationInSteps,
  type RegistrationInput,
} from "../../../lib/core/registration/configuration.ts";
import {
  LEFT_TO_WEBHOOK,
  LEFT_TO_WEBHOOK_ENTRY,
} from "../../../lib/core/registration/left_to_webhook.ts";
import { STEP_ITEMS } from "../../../lib/core/steps.ts";

function prepared(name: string, spec: SidecarSetSpec): PreparedSidecarSet {
  return {
    name,
    sidecarSet: { metadata: { name }, spec },
    hash: "",
    hashWithoutImage: "",
    revisionName: "",
    problems: [],
  };
}

const owner = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  name: "sidecarset",
  uid: "1",
};

function plan(sidecarSets: PreparedSidecarSet[], more: Partial<RegistrationInput> = {}) {
  return planRegistration({
    name: "sidecarset",
    sidecarSets,
    excludedNamespaces: ["kube-system"],
    endpoint: { service: { name: "webhook", namespace: "system", port: 443 } },
    caBundle: "pem",
    owner,
    ...more,
  });
}

const podEntries = (registration: ReturnType<typeof plan>) =>
  (registration.mutating.webhooks ?? []).filter(({ name }) => name.includes(".pods."));

const app = (value: string): SidecarSetSpec => ({ selector: { matchLabels: { app: value } } });

Deno.test("planRegistration() registers no Pod entry without a SidecarSet", () => {
  assert.deepEqual(podEntries(plan([])), []);
});

Deno.test("planRegistration() makes one entry for each failure policy and namespace selector", () => {
  const entries = podEntries(plan([
    prepared("a", app("a")),
    prepared("b", app("b")),
    prepared("c", { ...app("c"), failurePolicy: "Fail" }),
    prepared("d", { ...app("d"), namespaceSelector: { matchLabels: { env: "prod" } } }),
  ]));
  assert.deepEqual(entries.map(({ failurePolicy }) => failurePolicy).toSorted(), [
    "Fail",
    "Ignore",
    "Ignore",
  ]);
  const narrow = entries.find(({ namespaceSelector }) =>
    namespaceSelector.matchExpressions?.length === 2
  );
  assert.deepEqual(narrow?.namespaceSelector.matchExpressions?.[1], {
    key: "env",
    operator: "In",
    values: ["prod"],
  });
});

Deno.test("planRegistration() writes namespace and namespaceSelector as one selector that holds both", () => {
  const [entry] = podEntries(plan([
    prepared("a", {
      ...app("a"),
      namespace: "shop",
      namespaceSelector: { matchLabels: { env: "prod" } },
    }),
  ]));
  assert.deepEqual(
    entry?.namespaceSelector.matchExpressions?.map(({ key, operator, values }) =>
      `${key} ${operator} ${values}`
    ),
    [
      "kubernetes.io/metadata.name NotIn kube-system",
      "env In prod",
      "kubernetes.io/metadata.name In shop",
    ],
  );
});

Deno.test("planRegistration() scopes an empty selector by its namespaceSelector alone", () => {
  const [entry] = podEntries(plan([
    prepared("a", { selector: {}, namespaceSelector: { matchLabels: { env: "prod" } } }),
  ]));
  assert.deepEqual(entry?.namespaceSelector.matchExpressions?.[1], {
    key: "env",
    operator: "In",
    values: ["prod"],
  });
  assert.deepEqual(entry?.matchConditions?.map(({ name }) => name), ["not-a-mirror-pod"]);
});

Deno.test("planRegistration() never lets an entry refuse Pods where nothing removes the registration", () => {
  const { owner: _owner, ...input } = {
    name: "local",
    sidecarSets: [prepared("a", { ...app("a"), failurePolicy: "Fail" as const })],
    excludedNamespaces: [],
    endpoint: { url: "https://127.0.0.1:9443/" },
    caBundle: "pem",
    owner,
  };
  const { mutating, validating } = planRegistration(input);
  const entries = [...mutating.webhooks ?? [], ...validating.webhooks ?? []];
  assert.ok(entries.every(({ failurePolicy }) => failurePolicy === "Ignore"));
  assert.equal(entries[0]?.clientConfig.url, "https://127.0.0.1:9443/mutate-pod");
});

Deno.test("planRegistration() leaves out SidecarSets that are paused, invalid or without a selector", () => {
  const invalid = {
    ...prepared("b", app("b")),
    problems: [{ reason: "FieldValueInvalid" as const, field: "spec", message: "is not valid" }],
  };
  const paused = prepared("a", { ...app("a"), injectionStrategy: { paused: true } });
  assert.deepEqual(podEntries(plan([paused, invalid, prepared("c", {})])), []);
});

Deno.test("planRegistration() names the SidecarSets that a Fail entry cannot express", () => {
  const sets = Array.from({ length: 52 }, (_, i) =>
    prepared(`set-${String(i).padStart(2, "0")}`, {
      selector: { matchLabels: { app: `${i}`, tier: "web" } },
      failurePolicy: "Fail",
    }));
  const { uncovered } = plan(sets);
  assert.deepEqual([...uncovered], [["set-50", "ScopeTooLarge"], ["set-51", "ScopeTooLarge"]]);
});

Deno.test("planRegistration() merges Ignore entries when there are too many namespace selectors", () => {
  const sets = Array.from(
    { length: 30 },
    (_, i) => prepared(`set-${i}`, { ...app(`${i}`), namespace: `ns-${i}` }),
  );
  const entries = podEntries(plan(sets));
  assert.equal(entries.length, 1);
  assert.equal(entries[0]?.namespaceSelector.matchExpressions?.length, 1);
});

const longNames = (count: number) =>
  Array.from({ length: count }, (_, i) => `${i}`.padEnd(63, "x"));
const large = (failurePolicy: "Fail" | "Ignore") =>
  Array.from(
    { length: 18 },
    (_, i) =>
      prepared(`${failurePolicy.toLowerCase()}-${String(i).padStart(2, "0")}`, {
        ...app(`${i}`),
        failurePolicy,
        namespaceSelector: {
          matchExpressions: [{ key: `team-${i}`, operator: "In", values: longNames(1_000) }],
        },
      }),
  );

Deno.test("planRegistration() merges Ignore entries that would not fit into one object", () => {
  const registration = plan([
    ...large("Ignore"),
    prepared("must", { ...app("a"), failurePolicy: "Fail" }),
  ]);
  assert.deepEqual([...registration.uncovered], []);
  assert.deepEqual(podEntries(registration).map((entry) => entry.failurePolicy), [
    "Fail",
    "Ignore",
  ]);
  assert.ok(JSON.stringify(registration.mutating).length < 1_200_000);
});

Deno.test("planRegistration() leaves out Fail entries that do not fit into one object", () => {
  const registration = plan([...large("Fail"), prepared("may", app("a"))]);
  assert.ok(JSON.stringify(registration.mutating).length < 1_200_000);
  assert.equal(registration.uncovered.has("may"), false);
  const covered = podEntries(registration).filter((entry) => entry.failurePolicy === "Fail");
  assert.equal(covered.length + registration.uncovered.size, 18);
  assert.ok(registration.uncovered.has("fail-17"));
});

Deno.test("planRegistration() widens a single Ignore entry whose namespaces do not fit into an object", () => {
  const namespaceSelector = {
    matchExpressions: [{ key: "team", operator: "In" as const, values: longNames(20_000) }],
  };
  const [entry, ...others] = podEntries(plan([prepared("a", { ...app("a"), namespaceSelector })]));
  assert.deepEqual([entry?.namespaceSelector.matchExpressions?.length, others], [1, []]);
});

Deno.test("planRegistration() reviews only those Pods of a policy's SidecarSets that it does not decide about", () => {
  const sets = [
    prepared("a", app("a")),
    prepared("b", { ...app("b"), namespaceSelector: { matchLabels: { env: "prod" } } }),
    prepared("c", app("c")),
  ];
  const registration = plan(sets, { injectedByPolicy: new Set(["a", "b"]) });
  const [reviewed] = podEntries(registration);
  assert.match(JSON.stringify(reviewed?.matchConditions), /'app'\] == 'c'/);
  const left = registration.mutating.webhooks?.find(({ name }) => name === LEFT_TO_WEBHOOK_ENTRY);
  assert.equal(left?.failurePolicy, "Ignore");
  assert.deepEqual(left?.matchConditions?.map(({ name }) => name), [
    "not-a-mirror-pod",
    "selected",
    LEFT_TO_WEBHOOK.name,
  ]);
  const selected = left?.matchConditions?.[1]?.expression ?? "";
  assert.match(selected, /in \['a', 'b'\]/);
  const none = plan(sets).mutating.webhooks?.map(({ name }) => name);
  assert.ok(!none?.includes(LEFT_TO_WEBHOOK_ENTRY));
});

Deno.test("planRegistration() does not depend on the order of the SidecarSets", () => {
  const sets = [
    prepared("a", app("a")),
    prepared("b", { ...app("b"), failurePolicy: "Fail" }),
    prepared("c", { ...app("c"), namespace: "shop" }),
  ];
  assert.deepEqual(plan(sets), plan(sets.toReversed()));
});

Deno.test("planRegistrationInSteps() reads few SidecarSets between two pauses", () => {
  const read = new Set<string>();
  const sidecarSets = Array.from({ length: 2_000 }, (_, i) => {
    const known = prepared(`set-${i}`, { ...app(`app-${i}`), containers: [{ name: "agent" }] });
    return {
      ...known,
      get sidecarSet() {
        read.add(known.name);
        return known.sidecarSet;
      },
    };
  });
  let most = 0;
  const steps = planRegistrationInSteps({
    ...{ name: "sidecarset", sidecarSets, excludedNamespaces: [], caBundle: "pem", owner },
    endpoint: { url: "https://127.0.0.1" },
  });
  for (let isDone = false; !isDone;) {
    isDone = steps.next().done === true;
    most = Math.max(most, read.size);
    read.clear();
  }
  assert.ok(most <= 2 * STEP_ITEMS, `${most} SidecarSets`);
});
