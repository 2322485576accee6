import assert from "node:assert/strict";
import type { InjectRequest } from "../../lib/core/inject/contract.ts";
import type { PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { createPodReview, type PodReviewOptions } from "../../lib/webhook/pods.ts";
import { sidecarSetOf } from "../support/objects.ts";
import { recordedRequest } from "./fixtures.ts";

/** What selects the recorded Pod. */
const SPEC = { selector: { matchLabels: { app: "lab" } } };
const ORIGIN = "/2.uid-of-new/new";

/** Reviews the recorded Pod at a replica that knows some SidecarSets, while the API server has others. */
function review(
  { known = [], stored = [], options = {}, detail = ORIGIN }: {
    known?: PreparedSidecarSet[];
    stored?: PreparedSidecarSet[];
    options?: Partial<PodReviewOptions>;
    detail?: string;
  },
) {
  const reads: string[] = [];
  const injecting: string[] = [];
  const reviewPod = createPodReview({
    isSynced: () => true,
    excludedNamespaces: new Set(),
    match: () => known,
    namespace: (name) => ({ name, labels: {} }),
    readNamespace: () => Promise.reject(new Error("not expected to be called")),
    sidecarSet: (name) => known.find((each) => each.name === name),
    untilCurrent: () => Promise.reject(new Error("not expected to be called")),
    readSidecarSet(name) {
      reads.push(name);
      return Promise.resolve(stored.find((each) => each.name === name));
    },
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    inject({ selecting }: InjectRequest) {
      for (const { name, sidecarSet } of selecting) {
        injecting.push(`${name}@${sidecarSet.metadata.generation}`);
      }
      return { patch: [], injected: [], skipped: [] };
    },
    now: () => new Date(0),
    ...options,
  });
  const decision = reviewPod(recordedRequest("bare-pod"), detail);
  return { decision, reads, injecting };
}

const other = sidecarSetOf({ name: "other", spec: SPEC });
const current = sidecarSetOf({ name: "new", generation: 2, spec: SPEC });
const older = sidecarSetOf({ name: "new", generation: 1, spec: SPEC });

Deno.test("createPodReview() waits for nothing if the index has the review's SidecarSet", () => {
  for (const generation of [2, 3]) {
    const known = sidecarSetOf({ name: "new", generation, spec: SPEC });
    const { decision, reads, injecting } = review({ known: [known] });
    assert.ok(!(decision instanceof Promise));
    assert.deepEqual([reads, injecting], [[], [`new@${generation}`]]);
  }
});

Deno.test("createPodReview() reads the SidecarSet of a review that the index lacks", async () => {
  const again = sidecarSetOf({ name: "new", generation: 9, spec: SPEC });
  const deleted = { ...again, sidecarSet: { ...again.sidecarSet, metadata: { uid: "before" } } };
  const cases = { "has none": [], "has an older state": [older], "has a deleted one": [deleted] };
  for (const [what, known] of Object.entries(cases)) {
    const { decision, reads, injecting } = review({ known: [other, ...known], stored: [current] });
    assert.equal((await decision).allowed, true, what);
    assert.deepEqual([reads, injecting], [["new"], ["other@1", "new@2"]], what);
  }
});

Deno.test("createPodReview() leaves a SidecarSet out that it has read and that does not select the Pod", async () => {
  const elsewhere = sidecarSetOf({
    name: "new",
    spec: { selector: { matchLabels: { app: "b" } } },
  });
  const { decision, injecting } = review({ known: [other], stored: [elsewhere] });
  await decision;
  assert.deepEqual(injecting, ["other@1"]);
});

Deno.test("createPodReview() goes on without a SidecarSet whose creation failed", async () => {
  const { decision, injecting } = review({ known: [other], stored: [] });
  assert.equal((await decision).allowed, true);
  assert.deepEqual(injecting, ["other@1"]);
});

Deno.test("createPodReview() prefers what the watch has sent while the SidecarSet was read", async () => {
  let known = [older];
  const later = sidecarSetOf({ name: "new", generation: 3, spec: SPEC });
  const { decision, injecting } = review({
    options: {
      match: () => known,
      sidecarSet: () => known[0],
      readSidecarSet() {
        known = [later];
        return Promise.resolve(current);
      },
    },
  });
  await decision;
  assert.deepEqual(injecting, ["new@3"]);
});

Deno.test("createPodReview() does not read any number of SidecarSets for one review", async () => {
  const detail = Array.from({ length: 21 }, (_, i) => `/1.uid-of-${i}/name-${i}`).join("");
  const { decision, reads } = review({ detail });
  assert.deepEqual([(await decision).status?.code, reads], [503, []]);
});

Deno.test("createPodReview() answers 503 if the SidecarSet cannot be read: failurePolicy decides", async () => {
  const { decision } = review({
    options: { readSidecarSet: () => Promise.reject(new Error("connection refused")) },
  });
  const { status } = await decision;
  assert.equal(status?.code, 503);
  assert.match(status?.message ?? "", /^Cannot read SidecarSet new: connection refused$/);
});

Deno.test("createPodReview() waits for the API server's SidecarSets if the review is of all Pods", async () => {
  let known = [other];
  const { decision, reads, injecting } = review({
    detail: "/0.any/any",
    options: {
      match: () => known,
      untilCurrent() {
        known = [other, current];
        return Promise.resolve();
      },
    },
  });
  assert.equal((await decision).allowed, true);
  assert.deepEqual([reads, injecting], [[], ["other@1", "new@2"]]);
});

Deno.test("createPodReview() also reads the SidecarSets that the path of a review of all Pods names", async () => {
  const { decision, reads, injecting } = review({
    known: [older],
    stored: [current],
    detail: `/0.any/any${ORIGIN}`,
    options: { untilCurrent: () => Promise.resolve() },
  });
  assert.equal((await decision).allowed, true);
  assert.deepEqual([reads, injecting], [["new"], ["new@2"]]);
});
