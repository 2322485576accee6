import assert from "node:assert/strict";
import {
  ApiError,
  ConnectionError,
  CredentialsError,
  isAlreadyExists,
  isBudgetRefusal,
  isConflict,
  isDenied,
  isForbidden,
  isNotFound,
  isRetryable,
  isServerFault,
  isTooManyRequests,
  isWebhookFailure,
  retryAfterSecondsOf,
} from "../../lib/kube/errors.ts";

const predicates = {
  isForbidden,
  isNotFound,
  isConflict,
  isAlreadyExists,
  isTooManyRequests,
  isRetryable,
};

function apiError(httpCode: number, reason = ""): ApiError {
  return new ApiError({ method: "GET", path: "/api", httpCode, status: { reason } });
}

for (
  const [what, error, holding] of [
    ["401", apiError(401), []],
    ["403", apiError(403), ["isForbidden"]],
    ["404", apiError(404), ["isNotFound"]],
    ["409 Conflict", apiError(409, "Conflict"), ["isConflict"]],
    ["409 AlreadyExists", apiError(409, "AlreadyExists"), ["isAlreadyExists"]],
    ["410", apiError(410), []],
    ["422", apiError(422), []],
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
      new ConnectionError({ method: "GET", path: "/", problem: "reset" }),
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

/** Statuses as kube-apiserver 1.37.2 sends them. */
const denial = (
  httpCode: number,
  message = 'admission webhook "pub.example" denied the request: no',
) => new ApiError({ method: "PATCH", path: "/", httpCode, status: { message, code: httpCode } });
const budgetRefusal = denial(
  429,
  "Cannot evict pod as it would violate the pod's disruption budget.",
);
const overload = denial(429, "too many requests, please try again later");
const policy =
  `pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed expression`;
const unreachable =
  'Internal error occurred: failed calling webhook "pub.example": failed to call webhook: connection refused';

Deno.test("isDenied() knows a denial by its message, whatever its code", () => {
  for (const code of [400, 403, 404, 409, 422, 429, 500, 503]) assert.ok(isDenied(denial(code)));
  for (const is of [isNotFound, isConflict, isAlreadyExists, isTooManyRequests, isServerFault]) {
    for (const code of [404, 409, 429, 500]) assert.equal(is(denial(code)), false, is.name);
  }
  assert.ok(isDenied(denial(400, 'admission webhook "x" denied the request without explanation')));
  assert.ok(isDenied(denial(422, policy)));
  for (const error of [overload, budgetRefusal, denial(500, unreachable), new Error("denied")]) {
    assert.equal(isDenied(error), false);
  }
});

Deno.test("isServerFault() is about the server and the way to it, not about an object", () => {
  const lost = new ConnectionError({ method: "PATCH", path: "/", problem: "connection refused" });
  const faults = [
    lost,
    new CredentialsError("no token"),
    overload,
    ...[401, 408, 429, 500, 502, 503, 504].map((code) => apiError(code)),
    denial(500, "etcdserver: request timed out"),
  ];
  for (const error of faults) assert.ok(isServerFault(error), String(error));
  const others = [
    ...[400, 403, 404, 409, 410, 413, 422].map((code) => apiError(code)),
    ...[429, 500, 503].map((code) => denial(code)),
    denial(422, policy),
    denial(500, unreachable),
    budgetRefusal,
    new TypeError("a bug"),
    undefined,
  ];
  for (const error of others) assert.equal(isServerFault(error), false, String(error));
  assert.ok(isWebhookFailure(denial(500, unreachable)));
});

Deno.test("isBudgetRefusal() knows a PodDisruptionBudget by the cause, too, and more than one of them", () => {
  const causes = [{ reason: "DisruptionBudget", message: "needs 1 healthy pods and has 1" }];
  const status = { message: "no", details: { causes } };
  assert.ok(isBudgetRefusal(new ApiError({ method: "POST", path: "/", httpCode: 429, status })));
  assert.ok(isBudgetRefusal(denial(
    500,
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  )));
  assert.equal(isBudgetRefusal(overload), false);
});
