import assert from "node:assert/strict";
import { Coverage, CoverageKeys } from "../../../lib/controller/registration/coverage.ts";
import { RegistrationPlanner } from "../../../lib/controller/registration/planner.ts";
import { planRegistration } from "../../../lib/core/registration/configuration.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { sidecarSetOf } from "../../support/objects.ts";

const now = new Date("2026-02-01T00:00:00Z");
const facts = {
  ...{ caBundle: "", owner: undefined, registered: undefined, now },
  permanentCoverage: () => () => "none" as const,
};

function selecting(app: string, name = "web") {
  return sidecarSetOf({ name, spec: { selector: { matchLabels: { app } } } });
}

function setUp() {
  const coverageKeys = new CoverageKeys();
  const options = { name: "test", endpoint: { url: "https://127.0.0.1" }, excludedNamespaces: [] };
  const planner = new RegistrationPlanner({
    ...options,
    coverageKeys,
    isInjectedByPolicy: () => false,
  });
  return { planner, options, coverageKeys };
}

Deno.test("RegistrationPlanner plans in steps what is planned at once", () => {
  const { planner, options } = setUp();
  const sidecarSets = Array.from({ length: 2_000 }, (_, i) => selecting(`app-${i}`, `web-${i}`));
  const steps = planner.plan(sidecarSets, facts);
  let pauses = 0;
  let result = steps.next();
  while (!result.done) {
    pauses++;
    result = steps.next();
  }
  assert.ok(pauses > 50, `${pauses} pauses`);
  const expected = planRegistration({ ...options, sidecarSets, caBundle: "" });
  assert.deepEqual(result.value.registration, expected);
});

Deno.test("RegistrationPlanner has nothing planned while it plans, so that a change back is planned again", () => {
  const { planner } = setUp();
  const before = selecting("a");
  runAtOnce(planner.plan([before], facts));
  assert.ok(planner.isPlanned("web", before));
  const after = selecting("b");
  const steps = planner.plan([after], facts);
  steps.next();
  assert.ok(!planner.isPlanned("web", before));
  runAtOnce(steps);
  assert.ok(planner.isPlanned("web", after));
  assert.ok(!planner.isPlanned("web", before));
});

Deno.test("Coverage that is lost between two steps stays lost", () => {
  const coverage = new Coverage(new CoverageKeys());
  const sidecarSets = Array.from({ length: 2_000 }, (_, i) => selecting("a", `web-${i}`));
  const steps = coverage.activate(sidecarSets, { uncovered: new Map(), since: now });
  steps.next();
  coverage.lost();
  runAtOnce(steps);
  assert.ok(sidecarSets.every((prepared) => coverage.since(prepared) === undefined));
});
