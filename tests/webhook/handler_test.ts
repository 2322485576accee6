import assert from "node:assert/strict";
import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { failed, refused } from "../../lib/webhook/decisions.ts";
import type { Observation } from "../../lib/webhook/handler.ts";
import { handlerWith, post, recordedReview, recordingLogger } from "./fixtures.ts";

const REVIEW = recordedReview("bare-pod");
const UID = "99dd3f06-1dec-4130-9252-073209ffd298";

function changed(change: (review: { request: Record<string, unknown> }) => unknown): string {
  const review = JSON.parse(REVIEW);
  return JSON.stringify(change(review) ?? review);
}

function stalling(chunk: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(chunk)),
  });
}

Deno.test("createHandler() answers a review under its uid with the decision's patch in base64", async () => {
  const patch = [{ op: "add", path: "/metadata/annotations", value: { a: "größe 🚀" } }] as const;
  const handler = handlerWith({
    reviews: {
      mutatePod: () => ({
        allowed: true,
        patch,
        warnings: ["one\nline", "x".repeat(200)],
        auditAnnotations: { injected: "one" },
      }),
    },
  });
  const response = await handler(post(REVIEW));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  const review = await response.json();
  assert.equal(review.apiVersion, "admission.k8s.io/v1");
  assert.equal(review.kind, "AdmissionReview");
  const bytes = Uint8Array.fromBase64(review.response.patch);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), patch);
  assert.deepEqual({ ...review.response, patch: undefined }, {
    uid: UID,
    allowed: true,
    patchType: "JSONPatch",
    patch: undefined,
    warnings: ["one line", `${"x".repeat(117)}...`],
    auditAnnotations: { injected: "one" },
  });
});

Deno.test("createHandler() sends no patch where there is nothing to change", async () => {
  const handler = handlerWith({ reviews: { mutatePod: () => ({ allowed: true, patch: [] }) } });
  const review = await (await handler(post(REVIEW))).json();
  assert.deepEqual(review.response, { uid: UID, allowed: true });
});

Deno.test("createHandler() sends a refusal under HTTP 200, so that it holds under every failurePolicy", async () => {
  const handler = handlerWith({
    reviews: {
      mutatePod: () => Promise.resolve(refused({ code: 403, reason: "Forbidden", message: "no" })),
    },
  });
  const response = await handler(post(REVIEW));
  assert.equal(response.status, 200);
  assert.deepEqual((await response.json()).response, {
    uid: UID,
    allowed: false,
    status: { status: "Failure", code: 403, reason: "Forbidden", message: "no" },
  });
});

Deno.test("createHandler() sends a failed call with its HTTP status and the uid", async () => {
  const handler = handlerWith({ reviews: { mutatePod: () => failed(503, "not synced") } });
  const response = await handler(post(REVIEW));
  assert.equal(response.status, 503);
  const { response: { uid, allowed, status } } = await response.json();
  assert.deepEqual([uid, allowed, status.code, status.message], [UID, false, 503, "not synced"]);
});

for (
  const [what, request, code, says] of [
    ["an unknown path", () => post(REVIEW, { path: "/mutate" }), 404, /\/mutate-pod/],
    [
      "a wrong method",
      () => new Request(`https://webhook.test${PATHS.mutatePod}`),
      405,
      /the method is POST/,
    ],
    [
      "a wrong content type",
      () => post(REVIEW, { headers: { "content-type": "text/plain" } }),
      415,
      /text\/plain/,
    ],
    ["no content type", () => post(REVIEW, { headers: {} }), 415, /send JSON/],
    ["an empty body", () => post(""), 400, /as JSON/],
    ["malformed JSON", () => post("{]"), 400, /as JSON/],
    ["truncated JSON", () => post(REVIEW.slice(0, 2000)), 400, /as JSON/],
    ["JSON that is not an object", () => post("[1]"), 400, /AdmissionReview/],
    [
      "an old AdmissionReview",
      () => post(REVIEW.replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1")),
      400,
      /apiVersion must be one of admission.k8s.io\/v1: current value is \\"admission.k8s.io\/v1beta1/,
    ],
    [
      "another kind than AdmissionReview",
      () => post(REVIEW.replace('"kind":"AdmissionReview"', '"kind":"Review"')),
      400,
      /kind must be one of AdmissionReview/,
    ],
    [
      "a review without a request",
      () => post(changed(({ request: _, ...review }) => review)),
      400,
      /request is required/,
    ],
    [
      "a review without a uid",
      () => post(changed(({ request }) => void delete request.uid)),
      400,
      /request\.uid is required/,
    ],
    [
      "an empty uid",
      () => post(changed(({ request }) => void (request.uid = ""))),
      400,
      /request\.uid must be at least 1 characters/,
    ],
    [
      "an unknown operation",
      () => post(changed(({ request }) => void (request.operation = "PATCH"))),
      400,
      /request\.operation must be one of CREATE, UPDATE, DELETE, CONNECT/,
    ],
    [
      "an unknown kind",
      () => post(REVIEW.replaceAll('"kind":"Pod"', '"kind":"Binding"')),
      400,
      /Cannot review a Binding/,
    ],
    [
      "a Pod for a SidecarSet's path",
      () => post(REVIEW, { path: PATHS.validateSidecarSet }),
      400,
      /this path is for SidecarSet/,
    ],
    [
      "an announced body that is too long",
      () =>
        post(stalling("{"), {
          headers: { "content-type": "application/json", "content-length": "7340033" },
        }),
      413,
      /7340032 bytes/,
    ],
  ] as [string, () => Request, number, RegExp][]
) {
  Deno.test(`createHandler() answers ${what} with ${code} and goes on`, async () => {
    const handler = handlerWith();
    const response = await handler(request());
    assert.equal(response.status, code);
    assert.match(await response.text(), says);
    assert.equal((await handler(post(REVIEW))).status, 200);
  });
}

Deno.test("createHandler() names the allowed method", async () => {
  const response = await handlerWith()(
    new Request(`https://webhook.test${PATHS.mutatePod}`, { method: "DELETE" }),
  );
  assert.equal(response.headers.get("allow"), "POST");
});

Deno.test("createHandler() keeps the uid in its answer to a review that it cannot take", async () => {
  const response = await handlerWith()(
    post(changed(({ request }) => void (request.operation = "PATCH"))),
  );
  assert.equal((await response.json()).response.uid, UID);
});

Deno.test("createHandler() reads a content type with parameters and capitals", async () => {
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  assert.equal((await handlerWith()(post(REVIEW, { headers }))).status, 200);
});

Deno.test("createHandler() stops reading an unannounced body at its limit", async () => {
  let sent = 0;
  const chunk = new Uint8Array(64 * 1024).fill(32);
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  const response = await handlerWith({ maxBodyBytes: 1024 * 1024 })(post(endless));
  assert.equal(response.status, 413);
  assert.ok(sent <= 1024 * 1024 + 3 * chunk.byteLength, `${sent} bytes were taken`);
});

Deno.test("createHandler() reads an unannounced body whose characters are split between chunks", async () => {
  const text = changed(({ request }) => void (request.name = "größe"));
  let name: string | undefined;
  const handler = handlerWith({
    reviews: {
      mutatePod(request) {
        name = request.name;
        return { allowed: true };
      },
    },
  });
  const bytes = new TextEncoder().encode(text);
  const single = ReadableStream.from(bytes).pipeThrough(
    new TransformStream<number, Uint8Array>({
      transform: (byte, controller) => controller.enqueue(new Uint8Array([byte])),
    }),
  );
  assert.equal((await handler(post(single))).status, 200);
  assert.equal(name, "größe");
});

Deno.test("createHandler() answers a body that stalls with 408", async () => {
  const response = await handlerWith({ bodyDeadlineMs: 5 })(post(stalling('{"kind":')));
  assert.equal(response.status, 408);
  assert.match(await response.text(), /within 5 ms/);
});

Deno.test("createHandler() answers a body that breaks off with 400", async () => {
  const broken = new ReadableStream({
    pull: (controller) => controller.error(new Error("connection reset")),
  });
  const response = await handlerWith()(post(broken));
  assert.equal(response.status, 400);
  assert.match(await response.text(), /connection reset/);
});

Deno.test("createHandler() answers a review that takes too long with 504", async () => {
  const handler = handlerWith({
    reviewDeadlineMs: 5,
    reviews: { mutatePod: () => new Promise(() => {}) },
  });
  const response = await handler(post(REVIEW));
  assert.equal(response.status, 504);
  assert.equal((await response.json()).response.uid, UID);
});

for (
  const [how, mutatePod] of [
    ["throws", () => {
      throw new Error("secret detail");
    }],
    ["rejects", () => Promise.reject(new Error("secret detail"))],
  ] as const
) {
  Deno.test(`createHandler() answers a review that ${how} with 500 under its uid and logs why`, async () => {
    const logger = recordingLogger();
    const handler = handlerWith({ logger, reviews: { mutatePod } });
    const response = await handler(post(REVIEW));
    assert.equal(response.status, 500);
    const text = await response.text();
    assert.equal(JSON.parse(text).response.uid, UID);
    assert.equal(JSON.parse(text).response.allowed, false);
    assert.doesNotMatch(text, /secret detail/);
    assert.equal(logger.lines.length, 1);
    assert.match(String(logger.lines[0]?.fields.error), /secret detail/);
    assert.equal(logger.lines[0]?.fields.uid, UID);
  });
}

Deno.test("createHandler() reports every request to the observer, unknown paths under one name", async () => {
  const seen: Observation[] = [];
  const handler = handlerWith({ observe: (observation) => seen.push(observation) });
  await handler(post(REVIEW));
  await handler(post(recordedReview("dry-run")));
  await handler(post(REVIEW, { path: "/a" }));
  await handler(post("{"));
  assert.deepEqual(seen.map(({ path, code }) => [path, code]), [
    [PATHS.mutatePod, 200],
    [PATHS.mutatePod, 200],
    ["other", 404],
    [PATHS.mutatePod, 400],
  ]);
  assert.ok(seen.every(({ seconds }) => seconds >= 0 && seconds < 10));
});

Deno.test("createHandler() takes every recorded review", async () => {
  const handler = handlerWith();
  for (
    const name of ["bare-pod", "replicaset-pod", "replicaset-pod-large", "dry-run", "new-fields"]
  ) {
    assert.equal((await handler(post(recordedReview(name)))).status, 200, name);
  }
  for (const path of [PATHS.mutateSidecarSet, PATHS.validateSidecarSet]) {
    for (const name of ["sidecarset-create", "sidecarset-update"]) {
      assert.equal((await handler(post(recordedReview(name), { path }))).status, 200, name);
    }
  }
});
