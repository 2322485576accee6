import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import type { PendingSelection } from "../../lib/core/registration/pending.ts";
import { createCover } from "../../lib/runtime/validation.ts";
import { sidecarSetOf } from "../support/objects.ts";

/** What an update, or a creation without `before`, makes the registration cover. */
function coveredBy(
  after: SidecarSetSpec,
  before?: SidecarSetSpec,
): Omit<PendingSelection, "since"> | undefined {
  let covered: Omit<PendingSelection, "since"> | undefined;
  const cover = createCover({
    registration: {
      cover(selection) {
        covered = selection;
        return Promise.resolve(true);
      },
    },
    problemsOf: ({ spec }) =>
      spec.volumes ? [{ reason: "FieldValueInvalid", field: "spec.volumes", message: "no" }] : [],
  });
  const { sidecarSet } = sidecarSetOf({ generation: 2, spec: after });
  const answer = cover({
    name: "web",
    object: sidecarSet,
    read: { ok: true, value: sidecarSet },
    ...(before ? { oldSidecarSet: sidecarSetOf({ spec: before }).sidecarSet } : {}),
  });
  assert.equal(answer === undefined, covered === undefined);
  return covered;
}

const paused = { injectionStrategy: { paused: true } };
const image = (tag: string) => ({ containers: [{ name: "agent", image: `agent:${tag}` }] });

Deno.test("createCover() covers a new selection, with the state of the SidecarSet that has it", () => {
  const spec = { namespace: "shop", failurePolicy: "Fail" as const };
  assert.deepEqual(coveredBy(spec), {
    name: "web",
    uid: "uid-of-web",
    generation: 2,
    spec: { ...spec, selector: { matchLabels: { app: "web" } } },
  });
});

const CHANGES: Readonly<Record<string, [SidecarSetSpec, SidecarSetSpec]>> = {
  "a selector": [{ selector: { matchLabels: { app: "b" } } }, {}],
  "a namespace selector": [{ namespaceSelector: { matchLabels: { team: "b" } } }, {}],
  "a namespace": [{ namespace: "shop" }, {}],
  "a failure policy": [{ failurePolicy: "Fail" }, {}],
  "unpausing": [{}, paused],
  "an invalid SidecarSet that becomes valid": [{}, { volumes: [] }],
};
for (const [what, [after, before]] of Object.entries(CHANGES)) {
  Deno.test(`createCover() covers ${what} of an update`, () => {
    assert.ok(coveredBy(after, before));
  });
}

Deno.test("createCover() writes nothing where no new Pod comes to be selected", () => {
  assert.equal(coveredBy(image("2"), image("1")), undefined);
  assert.equal(coveredBy(paused), undefined);
  assert.equal(coveredBy(paused, {}), undefined);
});
