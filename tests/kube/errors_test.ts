import assert from "node:assert/strict";
import {
  ApiError,
  ConnectionError,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isInvalid,
  isNotFound,
  isRetryable,
  isTooManyRequests,
  isUnauthorized,
  retryAfterSecondsOf,
} from "../../lib/kube/errors.ts";

const predicates = {
  isUnauthorized,
  isForbidden,
  isNotFound,
  isConflict,
  isAlreadyExists,
  isGone,
  isInvalid,
  isTooManyRequests,
  isRetryable,
};

function apiError(httpCode: number, reason = ""): ApiError {
  return new ApiError({ method: "GET", path: "/api", httpCode, status: { reason } });
}

for (
  const [what, error, holding] of [
    ["401", apiError(401), ["isUnauthorized"]],
    ["403", apiError(403), ["isForbidden"]],
    ["404", apiError(404), ["isNotFound"]],
    ["409 Conflict", apiError(409, "Conflict"), ["isConflict"]],
    ["409 AlreadyExists", apiError(409, "AlreadyExists"), ["isAlreadyExists"]],
    ["410", apiError(410), ["isGone"]],
    ["422", apiError(422), ["isInvalid"]],
    ["429", apiError(429), ["isTooManyRequests", "isRetryable"]],
    ["500", apiError(500), ["isRetryable"]],
    ["400", apiError(400), []],
    ["another client's error", Object.assign(new Error("x"), { httpCode: 404 }), ["isNotFound"]],
    [
      "another client's error with a status",
      Object.assign(new Error("x"), { httpCode: 409, status: { reason: "AlreadyExists" } }),
      ["isAlreadyExists"],
    ],
    [
      "a broken connection",
      new ConnectionError({ method: "GET", path: "/", problem: "gone" }),
      ["isRetryable"],
    ],
    ["a bug", new TypeError("x"), []],
    ["no error at all", undefined, []],
  ] as const
) {
  Deno.test(`of the predicates on errors, ${what} satisfies ${holding.join(" and ") || "none"}`, () => {
    const satisfied = Object.entries(predicates).filter(([, holds]) => holds(error));
    assert.deepEqual(satisfied.map(([name]) => name), [...holding]);
  });
}

Deno.test("ApiError names the method, the path and what the API server said", () => {
  const error = new ApiError({
    method: "PATCH",
    path: "/api/v1/pods",
    httpCode: 422,
    status: { reason: "Invalid", message: "spec is forbidden" },
  });
  assert.equal(
    error.message,
    "Cannot PATCH /api/v1/pods: the API server answered 422: spec is forbidden",
  );
  assert.equal(error.reason, "Invalid");
});

Deno.test("retryAfterSecondsOf() prefers the header to the status", () => {
  const status = { details: { retryAfterSeconds: 3 } };
  const options = { method: "GET", path: "/", httpCode: 429, status };
  assert.equal(retryAfterSecondsOf(new ApiError({ ...options, retryAfterSeconds: 5 })), 5);
  assert.equal(retryAfterSecondsOf(new ApiError(options)), 3);
  assert.equal(retryAfterSecondsOf({ httpCode: 429, status }), 3);
  assert.equal(retryAfterSecondsOf({ httpCode: 429 }), undefined);
  assert.equal(retryAfterSecondsOf(null), undefined);
});
