import assert from "node:assert/strict";
import fc from "fast-check";
import { PENDING_SELECTIONS_ANNOTATION } from "../../../lib/api/names.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import { withExclusions } from "../../../lib/core/registration/exclusions.ts";
import {
  keptPending,
  type KnownSelection,
  MAX_PENDING,
  pendingIn,
  type PendingSelection,
} from "../../../lib/core/registration/pending.ts";
import {
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
  const many = Array.from({ length: MAX_PENDING }, (_, i) => selection({ uid: String(i) }));
  assert.ok(widened(plan().mutating, many, { excludedNamespaces }));
  assert.equal(widened(first, many, { excludedNamespaces }), undefined);
  assert.equal(widened({ ...first, webhooks: [] }, [again], { excludedNamespaces }), undefined);
});

Deno.test("planRegistration() covers a SidecarSet by its pending entry alone, so that its Pods cost one call", () => {
  const added = sidecarSetOf({ name: "new", spec: { selector: { matchLabels: { app: "new" } } } });
  const { mutating } = plan([selection()], [sidecarSetOf(), added]);
  assert.deepEqual(mutating, plan([selection()]).mutating);
  const changed = sidecarSetOf({ name: "new", spec: { selector: { matchLabels: { app: "b" } } } });
  const both = plan([selection()], [sidecarSetOf(), changed]).mutating;
  assert.match(JSON.stringify(withoutPending(both).webhooks), /'b'/);
});

Deno.test("keptPending() keeps a selection until the leader and the other replicas have had time to see it", () => {
  const key = injectingCoverageKey(selection().spec);
  const seen: KnownSelection = { uid: "uid-of-new", generation: 1, key };
  const cases: [string, KnownSelection | undefined, number, boolean][] = [
    ["is not seen", undefined, 59, true],
    ["is not seen for long: the creation failed", undefined, 60, false],
    ["was seen a moment ago", seen, 4, true],
    ["was seen", seen, 5, false],
    ["has been deleted and created again", { ...seen, uid: "other" }, 59, true],
    ["is known in an older state", { ...seen, generation: 0 }, 59, true],
    ["selects something else by now", { ...seen, generation: 2, key: "other" }, 0, false],
    ["has a newer image by now", { ...seen, generation: 2 }, 4, true],
    ["was written by a clock that is far ahead", undefined, -61, false],
  ];
  for (const [what, known, age, isKept] of cases) {
    const { kept, dueIn } = keptPending([selection()], { known: () => known, now: at(age) });
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
