import assert from "node:assert/strict";
import jsonpatch from "fast-json-patch";
import type { AdmissionDecision, AdmissionRequest } from "../../lib/api/admission.ts";
import type { FieldProblem } from "../../lib/api/problems.ts";
import { isObject } from "../../lib/api/json.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import {
  createSidecarSetDefaulting,
  createSidecarSetValidation,
  type SidecarSetValidationInput,
  type SidecarSetValidationOptions,
} from "../../lib/webhook/sidecarsets.ts";
import { recordedRequest } from "./fixtures.ts";

const PROBLEM: FieldProblem = {
  reason: "FieldValueInvalid",
  field: "spec.containers[0].name",
  message: "is taken by SidecarSet two: choose another",
};

/** Validation that finds the same problem in whatever it is asked about, and what it was asked about. */
function validation(options: Partial<SidecarSetValidationOptions> = {}) {
  const inputs: SidecarSetValidationInput[] = [];
  const review = createSidecarSetValidation({
    validateSidecarSet(input) {
      inputs.push(input);
      return [PROBLEM];
    },
    isSynced: () => true,
    cover: () => undefined,
    ...options,
  });
  return { review, inputs };
}

function changed(
  request: AdmissionRequest,
  changes: { metadata?: object; spec?: object },
): AdmissionRequest {
  const object = request.object;
  assert.ok(isObject(object) && isObject(object.metadata) && isObject(object.spec));
  return {
    ...request,
    object: {
      ...object,
      metadata: { ...object.metadata, ...changes.metadata },
      spec: { ...object.spec, ...changes.spec },
    },
  };
}

/** The request with something in its spec that no recursive reader could take. */
function tooDeep(request: AdmissionRequest): AdmissionRequest {
  return changed(request, { spec: { x: JSON.parse(`${"[".repeat(9000)}${"]".repeat(9000)}`) } });
}

/** An update that leaves everything as it was. */
function unchanged(): AdmissionRequest {
  const request = recordedRequest("sidecarset-update");
  return { ...request, object: request.oldObject };
}

function asSync(decision: AdmissionDecision | Promise<AdmissionDecision>): AdmissionDecision {
  assert.ok(!(decision instanceof Promise));
  return decision;
}

const reviewSidecarSetDefaults = createSidecarSetDefaulting();

Deno.test("reviewSidecarSetDefaults() adds only the hashes of the defaulted spec where defaults are not stored", () => {
  const request = recordedRequest("sidecarset-create");
  const { patch } = createSidecarSetDefaulting({ omitsDefaults: true })(request);
  const { newDocument } = jsonpatch.applyPatch(
    structuredClone(Object(request.object)),
    patch?.map((operation) => ({ ...operation })) ?? [],
  );
  const prepared = prepareSidecarSet(request.object);
  assert.ok(prepared.ok);
  const { hash, hashWithoutImage } = prepared.value;
  assert.deepEqual(newDocument.spec, Object(request.object).spec);
  assert.deepEqual(newDocument.metadata.annotations, {
    "kruise.io/sidecarset-hash": hash,
    "kruise.io/sidecarset-hash-without-image": hashWithoutImage,
  });
});

Deno.test("reviewSidecarSetDefaults() adds defaults and both hashes and leaves the rest alone", () => {
  const request = recordedRequest("sidecarset-create");
  const { patch } = reviewSidecarSetDefaults(request);
  assert.ok(patch?.every(({ op }) => op === "add"));
  const { newDocument } = jsonpatch.applyPatch(
    structuredClone(request.object),
    patch?.map((operation) => ({ ...operation })) ?? [],
  );
  const prepared = prepareSidecarSet(request.object);
  assert.ok(prepared.ok);
  const { sidecarSet, hash, hashWithoutImage } = prepared.value;
  assert.deepEqual(newDocument, {
    ...sidecarSet,
    metadata: {
      ...sidecarSet.metadata,
      annotations: {
        "kruise.io/sidecarset-hash": hash,
        "kruise.io/sidecarset-hash-without-image": hashWithoutImage,
      },
    },
  });
});

Deno.test("reviewSidecarSetDefaults() changes nothing that is already as it should be", () => {
  const request = recordedRequest("sidecarset-create");
  const { newDocument } = jsonpatch.applyPatch(
    structuredClone(request.object),
    reviewSidecarSetDefaults(request).patch?.map((operation) => ({ ...operation })) ?? [],
  );
  assert.deepEqual(reviewSidecarSetDefaults({ ...request, object: newDocument }), {
    allowed: true,
    patch: [],
  });
});

for (
  const [what, request] of [
    [
      "a value that is not an object",
      { ...recordedRequest("sidecarset-create"), object: "a SidecarSet" },
    ],
    ["what is nested too deeply", tooDeep(recordedRequest("sidecarset-create"))],
    [
      "an object that is being deleted",
      changed(recordedRequest("sidecarset-update"), {
        metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
      }),
    ],
    ["a deletion", { ...recordedRequest("sidecarset-update"), operation: "DELETE", object: null }],
  ] as [string, AdmissionRequest][]
) {
  Deno.test(`reviewSidecarSetDefaults() leaves alone ${what}`, () => {
    assert.deepEqual(reviewSidecarSetDefaults(request), { allowed: true });
  });
}

Deno.test("reviewSidecarSetDefaults() leaves what does not fit the schema to validation", () => {
  const request = changed(recordedRequest("sidecarset-create"), { spec: { containers: 5 } });
  const { allowed, patch } = reviewSidecarSetDefaults(request);
  assert.equal(allowed, true);
  assert.deepEqual(patch?.filter(({ path }) => path.startsWith("/spec/containers")), []);
});

Deno.test("createSidecarSetValidation() refuses with 422 and a cause for each problem", () => {
  const decision = asSync(validation().review(recordedRequest("sidecarset-create")));
  assert.deepEqual(decision, {
    allowed: false,
    status: {
      status: "Failure",
      code: 422,
      reason: "Invalid",
      message: 'SidecarSet.apps.kruise.io "one" is invalid: ' +
        "spec.containers[0].name: is taken by SidecarSet two: choose another",
      details: { name: "one", group: "apps.kruise.io", kind: "SidecarSet", causes: [PROBLEM] },
    },
  });
});

Deno.test("createSidecarSetValidation() refuses with 422 what is nested too deeply to be looked at", () => {
  const { review, inputs } = validation();
  const decision = asSync(review(tooDeep(recordedRequest("sidecarset-create"))));
  assert.equal(decision.status?.code, 422);
  assert.match(decision.status?.message ?? "", /deeper than 100 levels/);
  assert.deepEqual(inputs, []);
});

Deno.test("createSidecarSetValidation() has an object of any shape judged", () => {
  const { review, inputs } = validation();
  for (const object of [null, 5, {}, { metadata: {}, spec: { containers: [5], volumes: 1 } }]) {
    const decision = asSync(review({ ...recordedRequest("sidecarset-create"), object }));
    assert.equal(decision.status?.code, 422, JSON.stringify(object));
  }
  assert.equal(inputs.length, 4);
});

Deno.test("createSidecarSetValidation() judges an update with what it replaces, both with defaults", () => {
  const { review, inputs } = validation();
  const request = recordedRequest("sidecarset-update");
  assert.equal(asSync(review(request)).allowed, false);
  const [object, old] = [prepareSidecarSet(request.object), prepareSidecarSet(request.oldObject)];
  assert.ok(object.ok && old.ok);
  const { sidecarSet } = object.value;
  const read = { ok: true, value: sidecarSet };
  assert.deepEqual(inputs, [
    { name: "one", object: sidecarSet, read, oldSidecarSet: old.value.sidecarSet },
  ]);
});

Deno.test("createSidecarSetValidation() judges a repair of what is stored and unreadable on its own", () => {
  for (const oldObject of [{ spec: 5 }, tooDeep(recordedRequest("sidecarset-update")).object]) {
    const { review, inputs } = validation();
    const request = recordedRequest("sidecarset-update");
    assert.equal(asSync(review({ ...request, oldObject })).allowed, false);
    assert.deepEqual(Object.keys(inputs[0] ?? {}), ["name", "object", "read"]);
  }
});

for (
  const [what, request] of [
    ["an update that changes nothing", unchanged()],
    [
      "an update of annotations and finalizers",
      changed(unchanged(), { metadata: { annotations: { a: "b" }, finalizers: [] } }),
    ],
    [
      "an update that only writes defaults",
      changed(unchanged(), { spec: { revisionHistoryLimit: 10 } }),
    ],
    [
      "an update that only writes defaults into an object that does not fit the schema",
      {
        ...changed(unchanged(), { spec: { containers: 5, revisionHistoryLimit: 10 } }),
        oldObject: changed(unchanged(), { spec: { containers: 5 } }).object,
      },
    ],
    [
      "an object that is being deleted",
      changed(recordedRequest("sidecarset-update"), {
        metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
        spec: { containers: 5 },
      }),
    ],
    ["a deletion", { ...recordedRequest("sidecarset-update"), operation: "DELETE", object: null }],
    [
      "an update that leaves what is nested too deeply",
      { ...tooDeep(unchanged()), oldObject: tooDeep(unchanged()).object },
    ],
    ["the status", { ...recordedRequest("sidecarset-update"), subResource: "status" }],
  ] as [string, AdmissionRequest][]
) {
  Deno.test(`createSidecarSetValidation() never refuses ${what}`, () => {
    for (const synced of [true, false]) {
      const { review } = validation({ isSynced: () => synced });
      assert.deepEqual(review(request), { allowed: true });
    }
  });
}

for (
  const [what, changes] of [
    ["labels", { metadata: { labels: { a: "b" } } }],
    ["the canary annotation", {
      metadata: { annotations: { "apps.kruise.io/sidecarset-canary": "true" } },
    }],
    ["the canary's base", {
      metadata: { annotations: { "apps.kruise.io/sidecarset-base": "two" } },
    }],
    ["the spec", { spec: { revisionHistoryLimit: 11 } }],
  ] as const
) {
  Deno.test(`createSidecarSetValidation() judges an update of ${what}`, () => {
    assert.equal(asSync(validation().review(changed(unchanged(), changes))).status?.code, 422);
  });
}

Deno.test("createSidecarSetValidation() answers 503 until it knows the other SidecarSets", () => {
  const { review } = validation({ isSynced: () => false });
  assert.equal(asSync(review(recordedRequest("sidecarset-create"))).status?.code, 503);
});

Deno.test("createSidecarSetValidation() admits a SidecarSet without problems", () => {
  const { review } = validation({ validateSidecarSet: () => [] });
  assert.deepEqual(review(recordedRequest("sidecarset-create")), { allowed: true });
});

const valid = { validateSidecarSet: () => [] };

Deno.test("createSidecarSetValidation() answers when the registration covers the selection", async () => {
  const covered = Promise.withResolvers<boolean>();
  const { review } = validation({ ...valid, cover: () => covered.promise });
  let decision: AdmissionDecision | undefined;
  const answered = Promise.resolve(review(recordedRequest("sidecarset-create")))
    .then((answer) => decision = answer);
  await Promise.resolve();
  assert.equal(decision, undefined);
  covered.resolve(true);
  await answered;
  assert.deepEqual(decision, { allowed: true });
});

Deno.test("createSidecarSetValidation() admits with a warning what is not covered in time", async () => {
  const { review } = validation({ ...valid, cover: () => Promise.resolve(false) });
  const { allowed, warnings } = await review(recordedRequest("sidecarset-create"));
  assert.equal(allowed, true);
  assert.match(warnings?.join() ?? "", /^Wait for condition Ready of SidecarSet \S+: Pods created/);
});

Deno.test("createSidecarSetValidation() covers nothing for dry runs, invalid objects and other updates", () => {
  const cover = () => Promise.reject(new Error("not expected to be called"));
  const request = recordedRequest("sidecarset-create");
  asSync(validation({ ...valid, cover }).review({ ...request, dryRun: true }));
  asSync(validation({ cover }).review(request));
  asSync(validation({ ...valid, cover }).review(unchanged()));
});
