import assert from "node:assert/strict";
import { decideAuthority, decideLeaf, isDue } from "../../../lib/webhook/certificates/decide.ts";
import type { Validity } from "../../../lib/webhook/certificates/identity.ts";

/** Seconds after some moment. */
function at(seconds: number): Date {
  return new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
}

function from(begin: number, end: number): Validity {
  return { notBefore: at(begin), notAfter: at(end) };
}

Deno.test("isDue() holds from two thirds of a certificate's life on", () => {
  assert.equal(isDue(from(0, 90), at(59)), false);
  assert.equal(isDue(from(0, 90), at(60)), true);
  assert.equal(isDue(from(0, 90), at(900)), true);
});

for (
  const [what, stored, held, action] of [
    ["nothing is stored and nothing held", undefined, undefined, "rotate"],
    ["nothing is stored but a good one held", undefined, from(0, 90), "restore"],
    ["nothing is stored and the held one due", undefined, from(-60, 30), "rotate"],
    ["a good one is stored", from(0, 90), undefined, "adopt"],
    ["another than the held one is stored", from(0, 90), from(-5, 85), "adopt"],
    ["the stored one is due", from(-60, 30), from(-60, 30), "rotate"],
    ["the stored one has expired", from(-90, 0), undefined, "rotate"],
  ] as const
) {
  Deno.test(`decideAuthority() says "${action}" where ${what}`, () => {
    assert.equal(decideAuthority({ stored, held, now: at(1) }), action);
  });
}

const FRESH = from(0, 90);
const DUE = from(-60, 30);
const VALID = from(-60, 60);
const EXPIRED = from(-90, 0);
for (
  const [what, leaf, previous, isSettled, action] of [
    ["a process starts", undefined, undefined, false, "sign-by-current"],
    ["a process starts while the authority changes", undefined, VALID, false, "sign-by-previous"],
    ["a process starts after the authority changed", undefined, VALID, true, "sign-by-current"],
    [
      "a process starts and the old authority has expired",
      undefined,
      EXPIRED,
      false,
      "sign-by-current",
    ],
    ["the leaf is fresh", { ...FRESH, isByCurrent: true }, undefined, true, "keep"],
    [
      "the leaf is fresh and no client trusts it yet",
      { ...FRESH, isByCurrent: true },
      VALID,
      false,
      "keep",
    ],
    ["the leaf is due", { ...DUE, isByCurrent: true }, undefined, true, "sign-by-current"],
    ["the authority changes", { ...FRESH, isByCurrent: false }, VALID, false, "keep"],
    [
      "the authority changes and the leaf is due",
      { ...DUE, isByCurrent: false },
      VALID,
      false,
      "sign-by-previous",
    ],
    ["the authority has changed", { ...FRESH, isByCurrent: false }, VALID, true, "sign-by-current"],
    ["the old authority's key is lost", { ...FRESH, isByCurrent: false }, undefined, false, "keep"],
    [
      "the old authority's key is lost and the leaf due",
      { ...DUE, isByCurrent: false },
      undefined,
      false,
      "keep",
    ],
    [
      "the old authority's key is lost and the leaf has expired",
      { ...EXPIRED, isByCurrent: false },
      undefined,
      false,
      "sign-by-current",
    ],
  ] as const
) {
  Deno.test(`decideLeaf() says "${action}" where ${what}`, () => {
    const input = { leaf, previous, isSettled, isRenewalRequested: false, now: at(1) };
    assert.equal(decideLeaf(input), action);
  });
}

for (
  const [what, isByCurrent, previous, isSettled, action] of [
    ["a fresh certificate", true, undefined, true, "sign-by-current"],
    ["a certificate of the previous authority", false, VALID, false, "sign-by-previous"],
    ["a certificate of the previous authority whose key is lost", false, undefined, false, "keep"],
  ] as const
) {
  Deno.test(`decideLeaf() answers a request to renew ${what} with "${action}"`, () => {
    const leaf = { ...FRESH, isByCurrent };
    const input = { leaf, previous, isSettled, isRenewalRequested: true, now: at(1) };
    assert.equal(decideLeaf(input), action);
  });
}
