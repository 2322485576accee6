import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import type { OwnerReference } from "../../../lib/api/meta.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { chooseRevision } from "../../../lib/core/inject/revision_choice.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

function revision(
  number: number,
  { owner = "web", version }: { owner?: string; version?: string } = {},
): ControllerRevision {
  const controller: OwnerReference = {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    name: owner,
    uid: "1",
    controller: true,
  };
  return {
    metadata: {
      name: `${owner}-${number}`,
      labels: {
        "kruise.io/sidecarset-name": owner,
        ...(version === undefined ? {} : { "apps.kruise.io/sidecarset-custom-version": version }),
      },
      ownerReferences: [controller],
    },
    data: { spec: { containers: [{ name: "agent", image: `agent:${number}` }] } },
    revision: number,
  };
}

const REVISIONS = [
  revision(1, { version: "v1" }),
  revision(3, { version: "v1" }),
  revision(2, { version: "v1" }),
  revision(4, { version: "v2" }),
  revision(9, { owner: "other", version: "v1" }),
];

type Strategy = NonNullable<SidecarSetSpec["injectionStrategy"]>["revision"];

/** Name of the revision chosen, `current`, or the reason why there is none. */
function chosen(
  revision: Strategy,
  { updateStrategy = {}, matched = 0, pinned = 0 }: {
    updateStrategy?: SidecarSetSpec["updateStrategy"];
    matched?: number;
    pinned?: number;
  } = {},
): string {
  const web = prepared("web", {
    containers: [{ name: "agent", image: "agent:5" }],
    injectionStrategy: { revision: revision },
    updateStrategy,
  });
  const choice = chooseRevision(
    web,
    requestFor(podWith(), [web], {
      revisionsOf: () => REVISIONS,
      sharesOf: () => ({ matched, pinned }),
    }),
  );
  return choice.obstacle?.reason ?? choice.pinned?.metadata.name ?? "current";
}

Deno.test("chooseRevision() takes the current revision where none is pinned", () => {
  assert.equal(chosen({}), "current");
  assert.equal(chosen({ policy: "Partial" }), "current");
});

Deno.test("chooseRevision() takes a revision by name before one by custom version", () => {
  assert.equal(chosen({ revisionName: "web-2", customVersion: "v2" }), "web-2");
});

Deno.test("chooseRevision() takes the newest revision of a custom version", () => {
  assert.equal(chosen({ customVersion: "v1" }), "web-3");
});

Deno.test("chooseRevision() finds no revision that is missing or another SidecarSet's", () => {
  assert.equal(chosen({ revisionName: "gone" }), "RevisionNotFound");
  assert.equal(chosen({ revisionName: "other-9" }), "RevisionNotFound");
  assert.equal(chosen({ customVersion: "v9" }), "RevisionNotFound");
  assert.equal(chosen({ revisionName: "gone", policy: "Partial" }), "RevisionNotFound");
});

const partial = { revisionName: "web-1", policy: "Partial" as const };

Deno.test("chooseRevision() pins every Pod while the update is paused", () => {
  assert.equal(chosen(partial, { updateStrategy: { paused: true, partition: 0 } }), "web-1");
});

Deno.test("chooseRevision() pins Pods outside the update's selector, and counts those inside", () => {
  const outside = { matchLabels: { stage: "x" } };
  assert.equal(chosen(partial, { updateStrategy: { selector: outside, partition: 0 } }), "web-1");
  const inside = { matchLabels: { app: "web" } };
  assert.equal(chosen(partial, { updateStrategy: { selector: inside, partition: 0 } }), "current");
});

const counts: [string | number, number, number, string][] = [
  [0, 5, 0, "current"],
  [3, 0, 0, "web-1"],
  [3, 5, 2, "web-1"],
  [3, 5, 3, "current"],
  ["0%", 5, 0, "current"],
  ["100%", 5, 5, "web-1"],
  ["50%", 0, 0, "web-1"],
  ["50%", 1, 1, "current"],
  ["50%", 9, 4, "web-1"],
  ["50%", 9, 5, "current"],
];
for (const [partition, matched, pinned, expected] of counts) {
  Deno.test(`chooseRevision() takes ${expected} at ${partition}, ${pinned} of ${matched} pinned`, () => {
    assert.equal(
      chosen(partial, { updateStrategy: { partition }, matched, pinned }),
      expected,
    );
  });
}

Deno.test("chooseRevision() keeps the share while Pods are created one after the other", () => {
  let pinned = 0;
  for (let matched = 0; matched < 40; matched++) {
    const name = chosen(partial, { updateStrategy: { partition: "25%" }, matched, pinned });
    if (name === "web-1") pinned++;
    assert(Math.abs(pinned - (matched + 1) / 4) <= 1, `${pinned} of ${matched + 1}`);
  }
  assert.equal(pinned, 10);
});
