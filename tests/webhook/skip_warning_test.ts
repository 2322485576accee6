import assert from "node:assert/strict";
import * as fc from "fast-check";
import { inject } from "../../lib/core/inject/inject.ts";
import { type Reason, REASONS } from "../../lib/core/reasons.ts";
import { podDecision, skipWarning } from "../../lib/webhook/pod_decision.ts";
import { warningText } from "../../lib/webhook/warnings.ts";
import { podWith, prepared, requestFor } from "../core/inject/fixtures.ts";

/** Reasons that an injection gives, each with what it is about and its warning. */
const WARNINGS: readonly (readonly [Reason, string, string])[] = [
  ["InvalidSidecarSet", "spec.selector", "fix spec.selector, which is not valid"],
  ["InjectionPaused", "", "injection is paused (spec.injectionStrategy.paused)"],
  ["CanaryTakesOver", "agent-canary", 'its canary "agent-canary" is injected instead'],
  ["RevisionNotFound", "agent-1", 'pinned revision "agent-1" does not exist'],
  ["ContainerNameConflict", "agent", 'container name "agent" is taken'],
  ["SidecarNameConflict", "log", 'container name "log" is taken by another SidecarSet'],
  ["VolumeConflict", "data", 'fix volume or mount "data", which does not fit the Pod'],
  ["PortConflict", "8080", 'host port "8080" is taken'],
  [
    "PodSpecConflict",
    "spec.containers[agent].resizePolicy",
    "fix spec.containers[agent].resizePolicy, which does not fit the Pod",
  ],
  [
    "PodSecurityViolation",
    "restricted",
    'it violates Pod Security level "restricted" of the namespace',
  ],
  [
    "NoTargetContainer",
    "spec.containers[agent].resourcesPolicy",
    "fix spec.containers[agent].resourcesPolicy, which matches no container",
  ],
  [
    "ExpressionFailed",
    "spec.containers[agent].resourcesPolicy",
    "fix spec.containers[agent].resourcesPolicy, which cannot be evaluated",
  ],
  ["AnnotationNotJson", "example.com/x", 'annotation "example.com/x" is not JSON'],
  [
    "EnvConflict",
    "spec.patchContainers[0].env[0]",
    "fix spec.patchContainers[0].env[0], which does not fit the Pod",
  ],
  ["LabelConflict", "mesh", 'its labels would change whether "mesh" selects the Pod'],
  ["AnnotationsTooLarge", "", "shorten the Pod's annotations, which are too large"],
];

for (const [reason, subject, cause] of WARNINGS) {
  Deno.test(`skipWarning() names the cause of ${reason}, however long the names are`, () => {
    const skip = { sidecarSet: "agent", reason, message: "long", refuses: false };
    const about = subject === "" ? {} : { subject };
    assert.equal(skipWarning({ ...skip, ...about }), `SidecarSet agent not injected: ${cause}`);
    const long = skipWarning({
      ...skip,
      sidecarSet: `first-${"n".repeat(240)}-last`,
      ...(subject === "" ? {} : { subject: `head-${"s".repeat(240)}-tail` }),
    });
    assert.equal([...long].length, 120);
    const [before = "", after = ""] = cause.split(subject === "" ? cause : subject);
    const about120 = subject === "" ? cause : `${before}head-`;
    assert.match(long, /^SidecarSet first-n+\.\.\.n*-last not injected: /);
    assert.ok(long.includes(about120), long);
    assert.ok(long.endsWith(after), long);
  });
}

Deno.test("skipWarning() fits into a warning for every reason and any names", () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 400 });
  const reasons = Object.keys(REASONS) as Reason[];
  fc.assert(
    fc.property(
      name,
      fc.option(name, { nil: undefined }),
      fc.constantFrom(...reasons),
      (sidecarSet, subject, reason) => {
        const about = subject === undefined ? {} : { subject };
        const warning = warningText(
          skipWarning({ sidecarSet, reason, message: "long", refuses: false, ...about }),
        );
        assert.ok([...warning].length <= 120, warning);
      },
    ),
  );
});

Deno.test("a Pod whose container has a sidecar's name is admitted with a warning that names it", () => {
  const agent = { name: "agent", image: "agent:1" };
  const pod = podWith({ containers: [{ name: "agent", image: "mine" }] });
  const { warnings } = podDecision(
    inject(requestFor(pod, [prepared("agent", { containers: [agent] })])),
  );
  assert.deepEqual(warnings, ['SidecarSet agent not injected: container name "agent" is taken']);
});
