import assert from "node:assert/strict";
import type { AdmissionRequest } from "../../lib/api/admission.ts";
import type { Injected, Injection, InjectRequest, Skip } from "../../lib/core/inject/contract.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../../lib/core/prepared.ts";
import { createPodReview, type PodReviewOptions } from "../../lib/webhook/pods.ts";
import { recordedRequest } from "./fixtures.ts";

const SHOP: NamespaceFacts = { name: "shop", labels: { team: "a" } };
const ONE: PreparedSidecarSet = {
  name: "one",
  sidecarSet: { metadata: { name: "one" }, spec: {} },
  hash: "h",
  hashWithoutImage: "w",
  revisionName: "one-1",
  problems: [],
};
const INJECTED: Injection = {
  patch: [{ op: "add", path: "/spec/containers/-", value: { name: "sidecar" } }],
  injected: [{ sidecarSet: "one", revision: "one-1", isNew: true }],
  skipped: [],
};
const SKIP: Skip = {
  sidecarSet: "two",
  reason: "ContainerNameConflict",
  message: "rename container log",
  refuses: false,
};

function reviewWith(options: Partial<PodReviewOptions> = {}) {
  return createPodReview({
    isSynced: () => true,
    excludedNamespaces: new Set(["kube-system"]),
    match: () => [ONE],
    namespace: (name) => name === SHOP.name ? SHOP : undefined,
    readNamespace: () => Promise.reject(new Error("not expected to be called")),
    sidecarSet: () => ONE,
    untilCurrent: () => Promise.resolve(),
    readSidecarSet: () => Promise.reject(new Error("not expected to be called")),
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    inject: () => INJECTED,
    now: () => new Date(0),
    ...options,
  });
}

function podRequest(
  change: { request?: Partial<AdmissionRequest>; metadata?: object; status?: object } = {},
): AdmissionRequest {
  const request = recordedRequest("bare-pod");
  const pod = request.object as { metadata: object };
  return {
    ...request,
    object: {
      ...pod,
      metadata: { ...pod.metadata, ...change.metadata },
      status: change.status ?? {},
    },
    ...change.request,
  };
}

Deno.test("createPodReview() injects what the index matches, without waiting for anything", () => {
  let seen: InjectRequest | undefined;
  let matched: unknown;
  const review = reviewWith({
    match(labels, namespace) {
      matched = { labels, namespace };
      return [ONE];
    },
    inject(request) {
      seen = request;
      return INJECTED;
    },
  });
  const decision = review(podRequest());
  assert.deepEqual(decision, {
    allowed: true,
    patch: INJECTED.patch,
    auditAnnotations: { injected: "one@one-1" },
  });
  assert.deepEqual(matched, { labels: { app: "lab", inject: "yes" }, namespace: SHOP });
  assert.equal(seen?.namespace, SHOP);
  assert.deepEqual(seen?.selecting, [ONE]);
  assert.deepEqual(seen?.now, new Date(0));
});

Deno.test("createPodReview() leaves it to an earlier review of the Pod to report what that one injected", () => {
  const injected = [{ sidecarSet: "one", revision: "one-1", isNew: false }];
  const review = reviewWith({ inject: () => ({ ...INJECTED, patch: [], injected }) });
  assert.deepEqual(review(podRequest()), { allowed: true, patch: [], auditAnnotations: {} });
});

for (
  const [what, request] of [
    ["an update", podRequest({ request: { operation: "UPDATE" } })],
    ["a subresource", podRequest({ request: { subResource: "eviction" } })],
    [
      "a mirror Pod",
      podRequest({ metadata: { annotations: { "kubernetes.io/config.mirror": "x" } } }),
    ],
    ["an excluded namespace", podRequest({ metadata: { namespace: "kube-system" } })],
    [
      "a Pod that is being deleted",
      podRequest({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
    ],
    ["a Pod that has ended", podRequest({ status: { phase: "Failed" } })],
  ] as const
) {
  Deno.test(`createPodReview() never touches ${what}, synced or not`, () => {
    for (const synced of [true, false]) {
      const review = reviewWith({
        isSynced: () => synced,
        inject: () => assert.fail("must not be injected"),
      });
      assert.deepEqual(review(request), { allowed: true });
    }
  });
}

Deno.test("createPodReview() answers 503 while it is not synced", async () => {
  const decision = await reviewWith({ isSynced: () => false })(podRequest());
  assert.equal(decision.status?.code, 503);
});

Deno.test("createPodReview() does nothing for a Pod that nothing selects", () => {
  const review = reviewWith({ match: () => [], inject: () => assert.fail("nothing selects it") });
  assert.deepEqual(review(podRequest()), { allowed: true });
});

Deno.test("createPodReview() responds 400 to an object that is not a Pod", async () => {
  for (
    const object of [null, undefined, [], {}, { metadata: {} }, { metadata: {}, spec: {} }, {
      metadata: {},
      spec: { containers: [null] },
    }]
  ) {
    const decision = await reviewWith()(podRequest({ request: { object } }));
    assert.equal(decision.status?.code, 400, JSON.stringify(object));
  }
});

Deno.test("createPodReview() takes the namespace of the request where the Pod names none", async () => {
  let seen: InjectRequest | undefined;
  const review = reviewWith({
    inject(request) {
      seen = request;
      return INJECTED;
    },
  });
  const request = podRequest({ metadata: { namespace: "" } });
  await review(request);
  assert.equal(seen?.namespace, SHOP);
  assert.equal(seen?.pod.metadata.namespace, "shop");
  assert.equal((request.object as { metadata: { namespace: string } }).metadata.namespace, "");
});

Deno.test("createPodReview() reads an unknown namespace first, and then the index again", async () => {
  const fresh = { name: "new", labels: { team: "b" } };
  const matched: NamespaceFacts[] = [];
  let selecting: PreparedSidecarSet[] = [];
  const review = reviewWith({
    match(_labels, namespace) {
      matched.push(namespace);
      return selecting;
    },
    readNamespace(name) {
      assert.equal(name, "new");
      selecting = [ONE];
      return Promise.resolve(fresh);
    },
  });
  const decision = await review(podRequest({ metadata: { namespace: "new" } }));
  assert.deepEqual(decision.patch, INJECTED.patch);
  assert.deepEqual(matched, [fresh]);
});

Deno.test("createPodReview() prefers the index's namespace to the one that it has just read", async () => {
  const known = { name: "new", labels: { team: "from the watch" } };
  let index: NamespaceFacts | undefined;
  const matched: NamespaceFacts[] = [];
  const review = reviewWith({
    namespace: () => index,
    match(_labels, namespace) {
      matched.push(namespace);
      return [];
    },
    readNamespace(name) {
      index = known;
      return Promise.resolve({ name, labels: {} });
    },
  });
  await review(podRequest({ metadata: { namespace: "new" } }));
  assert.deepEqual(matched, [known]);
});

Deno.test("createPodReview() answers 503 where the namespace cannot be read", async () => {
  for (
    const [readNamespace, says] of [
      [() => Promise.resolve(undefined), /namespace new: it does not exist/],
      [() => Promise.reject(new Error("connection refused")), /connection refused/],
      [
        (_name: string, signal: AbortSignal) =>
          new Promise<undefined>((_, reject) =>
            signal.addEventListener("abort", () => reject(signal.reason))
          ),
        /no answer within 5 ms/,
      ],
    ] as const
  ) {
    const review = reviewWith({ readNamespace, readDeadlineMs: 5 });
    const decision = await review(podRequest({ metadata: { namespace: "new" } }));
    assert.equal(decision.status?.code, 503);
    assert.match(decision.status?.message ?? "", says);
  }
});

Deno.test("createPodReview() warns of every SidecarSet that was skipped", async () => {
  const review = reviewWith({ inject: () => ({ ...INJECTED, skipped: [SKIP] }) });
  assert.deepEqual(await review(podRequest()), {
    allowed: true,
    patch: INJECTED.patch,
    warnings: ["SidecarSet two not injected: a container name is taken"],
    auditAnnotations: { injected: "one@one-1", skipped: "two=ContainerNameConflict" },
  });
});

Deno.test("createPodReview() warns of every caveat of a Pod that is created", async () => {
  const caveats = [{ sidecarSet: "one", message: 'rename volume "a": it is taken' }];
  const review = reviewWith({ inject: () => ({ ...INJECTED, caveats }) });
  const warnings = ['SidecarSet one: rename volume "a": it is taken'];
  assert.deepEqual((await review(podRequest())).warnings, warnings);
  const skipped = [{ ...SKIP, refuses: true }];
  const refusing = reviewWith({ inject: () => ({ ...INJECTED, caveats, skipped }) });
  assert.deepEqual((await refusing(podRequest())).warnings?.length, 1);
});

Deno.test("createPodReview() denies the Pod with the remedy if a skipped SidecarSet refuses it", async () => {
  const review = reviewWith({
    inject: () => ({ ...INJECTED, skipped: [{ ...SKIP, refuses: true }] }),
  });
  const decision = await review(podRequest());
  assert.equal(decision.allowed, false);
  assert.equal(decision.patch, undefined);
  assert.equal(decision.status?.code, 403);
  assert.equal(
    decision.status?.message,
    "Cannot create the Pod without SidecarSet two, whose failurePolicy is Fail " +
      "(ContainerNameConflict): rename container log",
  );
});

Deno.test("createPodReview() admits the Pod with a warning where failurePolicy must not refuse Pods", async () => {
  const observed: Skip[] = [];
  const review = reviewWith({
    refusesPods: false,
    observer: { onInjected: () => {}, onSkipped: (skip) => observed.push(skip) },
    inject: () => ({ ...INJECTED, skipped: [{ ...SKIP, refuses: true, subject: "log" }] }),
  });
  assert.deepEqual(await review(podRequest()), {
    allowed: true,
    patch: INJECTED.patch,
    warnings: ['SidecarSet two not injected: container name "log" is taken'],
    auditAnnotations: { injected: "one@one-1", skipped: "two=ContainerNameConflict" },
  });
  assert.deepEqual(observed.map(({ refuses }) => refuses), [false]);
});

Deno.test("createPodReview() reports to its observer, except dry runs", async () => {
  const reported: string[] = [];
  const observer = {
    onInjected: ({ sidecarSet }: Injected, namespace: string) => {
      reported.push(`${sidecarSet} in ${namespace}`);
    },
    onSkipped: ({ sidecarSet, reason }: Skip, namespace: string) => {
      reported.push(`${sidecarSet} not in ${namespace}: ${reason}`);
    },
  };
  const skipping = { ...INJECTED, skipped: [SKIP] };
  await reviewWith({ observer, inject: () => skipping })(podRequest());
  assert.deepEqual(reported.splice(0), ["two not in shop: ContainerNameConflict", "one in shop"]);
  await reviewWith({ observer, inject: () => skipping })(podRequest({ request: { dryRun: true } }));
  assert.deepEqual(reported, []);
  const injected = INJECTED.injected.map((each) => ({ ...each, isNew: false }));
  await reviewWith({ observer, inject: () => ({ ...INJECTED, injected }) })(podRequest());
  assert.deepEqual(reported, [], "a second call for the same Pod is not a second injection");
  await reviewWith({
    observer,
    inject: () => ({ ...INJECTED, skipped: [{ ...SKIP, refuses: true }] }),
  })(podRequest());
  assert.deepEqual(
    reported,
    ["two not in shop: ContainerNameConflict"],
    "a refused Pod is not injected",
  );
});
