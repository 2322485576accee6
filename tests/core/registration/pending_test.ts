import assert from "node:assert/strict";
import fc from "fast-check";
import { PENDING_SELECTIONS_ANNOTATION } from "../../../lib/api/names.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import { withExclusions } from "../../../lib/core/registration/exclusions.ts";
import {
  keptPending,
  type KnownSelection,
  MAX_PENDING,
  MAX_PENDING_CREATIONS,
  pendingIn,
  type PendingSelection,
  type PermanentCoverage,
} from "../../../lib/core/registration/pending.ts";
import {
  allPodsSince,
  originsPath,
  readOrigins,
  widened,
  withoutPending,
} from "../../../lib/core/registration/pending_entries.ts";
import { injectingCoverageKey } from "../../../lib/core/registration/selection.ts";
import { sidecarSetOf } from "../../support/objects.ts";

const SINCE = "2026-01-01T00:00:00.000Z";
const at = (seconds: number) => new Date(Date.parse(SINCE) + seconds * 1_000);

const selection = (change: Partial<PendingSelection> = {}): PendingSelection => ({
  name: "new",
  uid: "uid-of-new",
  generation: 1,
  since: SINCE,
  spec: { selector: { matchLabels: { app: "new" } } },
  ...change,
});

const plan = (pending: PendingSelection[] = [], sidecarSets = [sidecarSetOf()]) =>
  planRegistration({
    name: "sidecarset",
    excludedNamespaces: ["kube-system"],
    endpoint: { service: { name: "webhook", namespace: "sidecarset-system", port: 443 } },
    caBundle: "authority",
    owner: { apiVersion: "v1", kind: "ClusterRole", name: "sidecarset", uid: "1" },
    sidecarSets,
    pending,
  });

const excludedNamespaces = ["kube-system"];

Deno.test("widened() adds what the leader then plans for itself, and nothing else", () => {
  const { mutating } = plan();
  const added = [selection({ spec: { ...selection().spec, failurePolicy: "Fail" } })];
  const wider = widened(mutating, added, { excludedNamespaces });
  assert.ok(wider);
  assert.deepEqual(wider.configuration, plan(added).mutating);
  assert.deepEqual(pendingIn(wider.configuration.metadata), added);
  assert.deepEqual(withoutPending(wider.configuration).webhooks, mutating.webhooks);
  const [entry] = wider.configuration.webhooks?.filter(({ name }) => /^pending-/.test(name)) ?? [];
  assert.equal(entry?.failurePolicy, "Fail");
  assert.equal(entry?.clientConfig.service?.path, "/mutate-pod/1.uid-of-new/new");
});

Deno.test("widened() keeps entries and annotations that this process does not know", () => {
  const { mutating } = plan();
  const [first, ...rest] = mutating.webhooks ?? [];
  assert.ok(first);
  const theirs = {
    ...mutating,
    metadata: { ...mutating.metadata, annotations: { note: "kept" }, resourceVersion: "7" },
    webhooks: [{ ...first, name: "ignore-of-another-version.pods.apps.kruise.io" }, ...rest],
  };
  const wider = widened(theirs, [selection()], { excludedNamespaces })?.configuration;
  assert.equal(wider?.metadata.resourceVersion, "7");
  assert.equal(wider?.metadata.annotations?.note, "kept");
  for (const entry of theirs.webhooks) {
    assert.ok(wider?.webhooks?.some((each) => each === entry), entry.name);
  }
});

Deno.test("widened() replaces the same generation, keeps another one, and ends at a limit", () => {
  const first = widened(plan().mutating, [selection()], { excludedNamespaces })?.configuration;
  assert.ok(first);
  const again = selection({ since: "2026-01-01T00:00:01.000Z" });
  const next = selection({ generation: 2, spec: { selector: { matchLabels: { app: "b" } } } });
  const second = widened(first, [again, next], { excludedNamespaces })?.configuration;
  assert.deepEqual(pendingIn(second?.metadata), [again, next]);
  const many = Array.from(
    { length: MAX_PENDING },
    (_, i) => selection({ uid: String(i), generation: 2 }),
  );
  assert.ok(widened(plan().mutating, many, { excludedNamespaces }));
  assert.equal(widened(first, many, { excludedNamespaces }), undefined);
  assert.equal(widened({ ...first, webhooks: [] }, [again], { excludedNamespaces }), undefined);
});

/** The configuration after many SidecarSets have been created, and one with another selection. */
function manyCreated(other: Partial<PendingSelection> = {}) {
  const many = Array.from(
    { length: MAX_PENDING_CREATIONS + 1 },
    (_, i) => selection({ uid: `many-${i}` }),
  );
  const added = [...many, selection({ uid: "other", ...other })];
  const wider = widened(plan().mutating, added, { excludedNamespaces });
  assert.ok(wider);
  return wider.configuration;
}

Deno.test("widened() adds one selection of all Pods for many creations", () => {
  const { metadata, webhooks = [] } = manyCreated();
  const pending = pendingIn(metadata);
  assert.deepEqual(pending.map(({ generation, since }) => [generation, since]), [[0, SINCE]]);
  assert.deepEqual(plan(pending).mutating.webhooks, webhooks, "as the leader plans it");
  const [entry, ...others] = webhooks.filter(({ name }) => name.startsWith("pending-"));
  assert.deepEqual(others, []);
  assert.equal(entry?.failurePolicy, "Ignore");
  assert.deepEqual(entry?.matchConditions?.map(({ name }) => name), ["not-a-mirror-pod"]);
  assert.deepEqual(entry?.namespaceSelector.matchExpressions, [{
    key: "kubernetes.io/metadata.name",
    operator: "NotIn",
    values: excludedNamespaces,
  }]);
  const path = entry?.clientConfig.service?.path ?? "";
  assert.deepEqual(readOrigins(path).map(({ generation }) => generation), [0]);
});

Deno.test("widened() keeps updates and failurePolicy Fail apart from the selection of all Pods", () => {
  for (const other of [{ generation: 2 }, { spec: { failurePolicy: "Fail" as const } }]) {
    const uids = pendingIn(manyCreated(other).metadata).map(({ uid }) => uid);
    assert.deepEqual(uids, ["other", "any"]);
  }
});

Deno.test("widened() writes nothing for creations that a recent selection of all Pods covers", () => {
  const many = manyCreated();
  const add = (change: Partial<PendingSelection>, seconds: number) =>
    widened(many, [selection({ ...change, since: at(seconds).toISOString() })], {
      excludedNamespaces,
    })?.configuration;
  assert.equal(add({}, 29), many);
  const uids = (configuration: typeof many | undefined) =>
    pendingIn(configuration?.metadata).map(({ uid }) => uid);
  assert.deepEqual(uids(add({}, 30)), ["any", "uid-of-new"], "it could expire too early");
  assert.deepEqual(uids(add({ generation: 2 }, 1)), ["any", "uid-of-new"]);
  assert.deepEqual(uids(add({ spec: { failurePolicy: "Fail" } }, 1)), ["any", "uid-of-new"]);
});

Deno.test("widened() covers a creation by all Pods where other selections leave no room for it", () => {
  const updates = (count: number) =>
    Array.from({ length: count }, (_, i) => selection({ uid: `updated-${i}`, generation: 2 }));
  const add = (count: number, added: PendingSelection[]) => {
    const full = widened(plan().mutating, updates(count), { excludedNamespaces });
    assert.ok(full);
    return widened(full.configuration, added, { excludedNamespaces })?.configuration;
  };
  const two = [selection(), selection({ uid: "second" })];
  const pending = pendingIn(add(MAX_PENDING - 1, two)?.metadata);
  assert.deepEqual([pending.length, pending.at(-1)?.uid], [MAX_PENDING, "any"]);
  assert.equal(add(MAX_PENDING, two), undefined);
  assert.equal(add(MAX_PENDING, updates(MAX_PENDING + 1).slice(-1)), undefined);
});

Deno.test("keptPending() keeps a selection of all Pods until the SidecarSets created with it have entries", () => {
  const pending = pendingIn(manyCreated().metadata);
  const seen = { uid: "uid-of-any", generation: 1, key: "", coverage: "none" } as const;
  const cases: [string, number, PermanentCoverage[], number][] = [
    ["a creation may be under way", 59, [at(0)], 1_000],
    ["all have entries", 60, [at(0), "none", at(55)], 0],
    ["one has its entry for a moment", 60, [at(0), at(57)], 2_000],
    ["one has none", 3_600, ["awaited", at(0)], 5_000],
    ["one will have none", 60, ["none"], 0],
    ["none was created", 60, [], 0],
  ];
  for (const [what, seconds, coverages, expected] of cases) {
    const { kept, dueIn = 0 } = keptPending(pending, {
      known: () => seen,
      now: at(seconds),
      coverageOfCreated(until) {
        assert.deepEqual(until, at(30), "later ones are not covered by it");
        return coverages;
      },
    });
    assert.deepEqual([kept.length, dueIn], [Math.sign(expected), expected], what);
  }
});

Deno.test("allPodsSince() requires the entry for all Pods and its annotation", () => {
  const many = manyCreated();
  assert.equal(allPodsSince(many), SINCE);
  const { webhooks = [], metadata } = many;
  const others = webhooks.filter(({ name }) => !name.startsWith("pending-"));
  assert.equal(allPodsSince({ ...many, webhooks: others }), undefined);
  assert.equal(allPodsSince({ ...many, metadata: { ...metadata, annotations: {} } }), undefined);
  assert.equal(allPodsSince(plan([selection()]).mutating), undefined);
});

Deno.test("planRegistration() covers a SidecarSet by its pending entry and by a permanent one", () => {
  const added = sidecarSetOf({ name: "new", spec: { selector: { matchLabels: { app: "new" } } } });
  const before = plan([selection()]).mutating;
  const both = plan([selection()], [sidecarSetOf(), added]).mutating;
  const after = plan([], [sidecarSetOf(), added]).mutating;
  // The API server calls again, after other webhooks, only entries that it has called for the Pod: at no write may
  // one entry replace the other.
  const entriesOf = ({ webhooks = [] }: typeof before) =>
    webhooks.filter((entry) => JSON.stringify(entry).includes("'new'")).map(({ name }) => name);
  const [pending] = entriesOf(before);
  const [permanent] = entriesOf(after);
  assert.match(pending ?? "", /^pending-/);
  assert.match(permanent ?? "", /^ignore-/);
  assert.deepEqual(entriesOf(both), [permanent, pending]);
});

Deno.test("keptPending() keeps a selection until its permanent entry is stored and settled", () => {
  const key = injectingCoverageKey(selection().spec);
  const seen: KnownSelection = { uid: "uid-of-new", generation: 1, key, coverage: at(0) };
  const cases: [string, KnownSelection | undefined, number, boolean][] = [
    ["is not seen", undefined, 59, true],
    ["is not seen for long: the creation failed", undefined, 60, false],
    ["was seen a moment ago", seen, 4, true],
    ["was seen", seen, 5, false],
    ["has a permanent entry for a moment", { ...seen, coverage: at(96) }, 100, true],
    ["has a permanent entry", { ...seen, coverage: at(95) }, 100, false],
    ["has had one for long, but was changed a moment ago", { ...seen, coverage: at(-60) }, 4, true],
    ["has no permanent entry yet", { ...seen, coverage: "awaited" }, 100, true],
    ["will have no permanent entry", { ...seen, coverage: "none" }, 4, true],
    ["has none for longer", { ...seen, coverage: "none" }, 5, false],
    ["has been deleted and created again", { ...seen, uid: "other" }, 59, true],
    ["has been created again for long", { ...seen, uid: "other", coverage: "awaited" }, 60, false],
    ["is known in an older state", { ...seen, generation: 0 }, 59, true],
    ["is known in an older state only", { ...seen, generation: 0, coverage: "awaited" }, 60, false],
    ["selects something else by now", { ...seen, generation: 2, key: "other" }, 0, false],
    ["has a newer image by now", { ...seen, generation: 2 }, 4, true],
    ["was written by a clock that is far ahead", undefined, -61, false],
    ["was covered by a clock that is far ahead", { ...seen, coverage: at(161) }, 100, false],
  ];
  for (const [what, known, age, isKept] of cases) {
    const { kept, dueIn } = keptPending([selection()], {
      known: () => known,
      coverageOfCreated: () => ["awaited"],
      now: at(age),
    });
    assert.deepEqual(kept.length, isKept ? 1 : 0, what);
    assert.equal(dueIn !== undefined, isKept, what);
  }
});

Deno.test("pendingIn() takes what it cannot read for none", () => {
  for (const text of ["", "{", "{}", '[{"name":1}]']) {
    assert.deepEqual(pendingIn({ annotations: { [PENDING_SELECTIONS_ANNOTATION]: text } }), []);
  }
});

Deno.test("readOrigins() reads what originsPath() wrote, in parts that a service's path may have", () => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/)
    .filter((text) => !/\.\.|\.-|-\./.test(text));
  const origin = fc.record({ name, uid: fc.uuid(), generation: fc.nat() }, {
    noNullPrototype: true,
  });
  fc.assert(fc.property(fc.array(origin, { minLength: 1 }), (origins) => {
    const path = originsPath(origins);
    assert.deepEqual(readOrigins(path), origins);
    for (const part of path.slice(1).split("/")) {
      assert.match(part, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    }
  }));
});

Deno.test("widened() excludes the namespaces that an enforcer excludes from every entry", () => {
  const { mutating } = plan([], []);
  const exclusion = { key: "control-plane", operator: "NotIn" as const, values: ["true"] };
  const enforced = (mutating.webhooks ?? []).map((entry) => ({
    ...entry,
    namespaceSelector: {
      matchExpressions: [...entry.namespaceSelector.matchExpressions ?? [], exclusion],
    },
  }));
  const narrowed = { ...mutating, webhooks: enforced };
  const wider = widened(narrowed, [selection()], { excludedNamespaces })?.configuration;
  assert.ok(wider);
  const [entry] = wider.webhooks ?? [];
  assert.deepEqual(entry?.namespaceSelector.matchExpressions?.at(-1), exclusion);
  const planned = plan([selection()], []).mutating;
  assert.deepEqual(withExclusions(planned, wider, { isConfirmed: true }).webhooks, wider.webhooks);
});
