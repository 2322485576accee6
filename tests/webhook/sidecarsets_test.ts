import assert from "node:assert/strict";
import jsonpatch from "fast-json-patch";
import type { AdmissionDecision, AdmissionRequest } from "../../lib/api/admission.ts";
import type { FieldProblem } from "../../lib/api/field_problem.ts";
import { isObject } from "../../lib/api/json.ts";
import type { SidecarSet } from "../../lib/api/sidecarset.ts";
import {
  createSidecarSetDefaults,
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

function withLimit(sidecarSet: SidecarSet): SidecarSet {
  return {
    ...sidecarSet,
    spec: { ...sidecarSet.spec, revisionHistoryLimit: sidecarSet.spec.revisionHistoryLimit ?? 10 },
  };
}

const defaults = createSidecarSetDefaults({
  applyDefaults: withLimit,
  hashSidecarSet: ({ spec }) => ({
    hash: `hash-${spec.revisionHistoryLimit}`,
    hashWithoutImage: "without",
  }),
});

/** Validation that finds the same problem in whatever it is asked about, and what it was asked about. */
function validation(options: Partial<SidecarSetValidationOptions> = {}) {
  const inputs: SidecarSetValidationInput[] = [];
  const review = createSidecarSetValidation({
    applyDefaults: withLimit,
    validateSidecarSet(input) {
      inputs.push(input);
      return [PROBLEM];
    },
    isSynced: () => true,
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

/** An update that leaves everything as it was. */
function unchanged(): AdmissionRequest {
  const request = recordedRequest("sidecarset-update");
  return { ...request, object: request.oldObject };
}

function asSync(decision: AdmissionDecision | Promise<AdmissionDecision>): AdmissionDecision {
  assert.ok(!(decision instanceof Promise));
  return decision;
}

Deno.test("createSidecarSetDefaults() adds defaults and both hashes and leaves the rest alone", () => {
  const request = recordedRequest("sidecarset-create");
  const { patch } = asSync(defaults(request));
  assert.deepEqual(patch?.map(({ op, path }) => `${op} ${path}`), [
    "add /metadata/annotations",
    "add /spec/revisionHistoryLimit",
  ]);
  const { newDocument } = jsonpatch.applyPatch(
    structuredClone(request.object),
    patch?.map((operation) => ({ ...operation })) ?? [],
  );
  const expected = changed(request, {
    metadata: {
      annotations: {
        "kruise.io/sidecarset-hash": "hash-10",
        "kruise.io/sidecarset-hash-without-image": "without",
      },
    },
    spec: { revisionHistoryLimit: 10 },
  });
  assert.deepEqual(newDocument, expected.object);
});

Deno.test("createSidecarSetDefaults() changes nothing that is already as it should be", () => {
  const request = changed(recordedRequest("sidecarset-update"), {
    metadata: {
      annotations: {
        "kruise.io/sidecarset-hash": "hash-3",
        "kruise.io/sidecarset-hash-without-image": "without",
      },
    },
    spec: { revisionHistoryLimit: 3 },
  });
  assert.deepEqual(asSync(defaults(request)), { allowed: true, patch: [] });
});

Deno.test("createSidecarSetDefaults() leaves to validation what it cannot read", () => {
  const request = changed(recordedRequest("sidecarset-create"), { spec: { containers: 5 } });
  assert.deepEqual(asSync(defaults(request)), { allowed: true });
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

Deno.test("createSidecarSetValidation() refuses with 422 what the schema does not allow", () => {
  const { review, inputs } = validation();
  for (const object of [null, 5, {}, { metadata: {}, spec: { containers: [5], volumes: 1 } }]) {
    const decision = asSync(review({ ...recordedRequest("sidecarset-create"), object }));
    assert.equal(decision.status?.code, 422, JSON.stringify(object));
    assert.ok((decision.status?.details?.causes ?? []).length > 0);
  }
  assert.deepEqual(inputs, []);
});

Deno.test("createSidecarSetValidation() judges an update with what it replaces, both with defaults", () => {
  const { review, inputs } = validation();
  assert.equal(asSync(review(recordedRequest("sidecarset-update"))).allowed, false);
  assert.equal(inputs.length, 1);
  assert.equal(inputs[0]?.sidecarSet.spec.containers?.[0]?.image, "sidecar:2");
  assert.equal(inputs[0]?.sidecarSet.spec.revisionHistoryLimit, 10);
  assert.equal(inputs[0]?.oldSidecarSet?.spec.containers?.[0]?.image, "sidecar:1.0.0");
  assert.equal(inputs[0]?.oldSidecarSet?.spec.revisionHistoryLimit, 10);
});

Deno.test("createSidecarSetValidation() judges a repair of what is stored and unreadable on its own", () => {
  const { review, inputs } = validation({});
  const request = recordedRequest("sidecarset-update");
  assert.equal(asSync(review({ ...request, oldObject: { spec: 5 } })).allowed, false);
  assert.deepEqual(Object.keys(inputs[0] ?? {}), ["sidecarSet"]);
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
      "an object that is being deleted",
      changed(recordedRequest("sidecarset-update"), {
        metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
        spec: { containers: 5 },
      }),
    ],
    ["a deletion", { ...recordedRequest("sidecarset-update"), operation: "DELETE", object: null }],
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

Deno.test("createSidecarSetValidation() allows what has no problem", () => {
  const { review } = validation({ validateSidecarSet: () => [] });
  assert.deepEqual(review(recordedRequest("sidecarset-create")), { allowed: true });
});
