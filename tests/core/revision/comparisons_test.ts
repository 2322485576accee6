import assert from "node:assert/strict";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { PreparedSidecarSet, RevisionComparison } from "../../../lib/core/prepared.ts";
import { compareRevisions } from "../../../lib/core/revision/comparisons.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { revisionOf } from "../rollout/resize_scene.ts";

type Spec = Partial<SidecarSetSpec>;

const InPlace: Spec = { updateStrategy: { resizePolicy: "InPlace" } };

function withSpec(spec: Spec): PreparedSidecarSet {
  return sidecarSetOf({ spec: { ...sidecarSetOf().sidecarSet.spec, ...InPlace, ...spec } });
}

/** What a Pod of the first spec lacks of the second. */
function compared(before: Spec, after: Spec): RevisionComparison | undefined {
  const [old, current] = [withSpec(before), withSpec(after)];
  const revisions = [old, current].map((each, i) => revisionOf(each, i + 1));
  return compareRevisions(current.sidecarSet, revisions).of(old);
}

const agent = (more: object): Spec => ({
  containers: [{ name: "agent", image: "agent:1", ...more }],
});

Deno.test("resources are compared as the API server stores them", () => {
  const found = compared(
    agent({ resources: { limits: { cpu: "1" } } }),
    agent({ resources: { limits: { cpu: "1000m", memory: "1Gi" } } }),
  );
  assert.equal(found?.obstacle, undefined);
  assert.deepEqual(found?.resizes.get("agent"), {
    requests: { memory: "1Gi" },
    limits: { memory: "1Gi" },
  });
});

Deno.test("both halves of a hot-upgrade pair are resized", () => {
  const hot = {
    upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
  };
  const found = compared(agent(hot), agent({ ...hot, resources: { requests: { cpu: "1" } } }));
  assert.deepEqual([...found?.resizes.keys() ?? []], ["agent-1", "agent-2"]);
});

const obstacles: [string, Spec, Spec, RegExp | undefined][] = [
  [
    "a limit that was removed",
    agent({ resources: { limits: { cpu: "1" }, requests: { cpu: "1" } } }),
    agent({ resources: { requests: { cpu: "1" } } }),
    /^limits\.cpu of container agent was removed/,
  ],
  [
    "a resource other than cpu and memory",
    agent({}),
    agent({ resources: { limits: { "ephemeral-storage": "1Gi" } } }),
    /limits\.ephemeral-storage of container agent cannot be resized/,
  ],
  [
    "resources that a policy computes",
    agent({ resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: {} } }),
    agent({
      resources: { limits: { cpu: "1" } },
      resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: {} },
    }),
    /^resources of container agent differ from what the Pod was created with$/,
  ],
  [
    "arguments and resources, of which only the arguments are left",
    agent({}),
    agent({ args: ["-v"], resources: { requests: { cpu: "1" } } }),
    /^args of container agent differ from what the Pod was created with$/,
  ],
  [
    "several fields of several containers",
    { containers: [{ name: "a", image: "a:1" }, { name: "b", image: "b:1" }] },
    {
      containers: [{ name: "a", image: "a:1", args: ["x"], env: [], command: ["y"] }, {
        name: "b",
        image: "b:1",
        tty: true,
      }],
    },
    /^args and command of container a and tty of container b differ/,
  ],
  [
    "containers that came, went and moved",
    { containers: ["a", "b", "c"].map((name) => ({ name, image: "i:1" })) },
    { containers: ["b", "a", "d"].map((name) => ({ name, image: "i:1" })) },
    /^container d was added; container c was removed; the order of the containers differs$/,
  ],
  [
    "a plain init container, which no hash contains",
    { initContainers: [{ name: "init", image: "init:1" }] },
    { initContainers: [{ name: "init", image: "init:1", args: ["x"] }] },
    undefined,
  ],
  [
    "a native sidecar's arguments",
    { initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always" }] },
    { initContainers: [{ name: "proxy", image: "proxy:1", restartPolicy: "Always", args: ["x"] }] },
    /^args of container proxy differ/,
  ],
];
for (const [what, before, after, expected] of obstacles) {
  Deno.test(`an obstacle is named for ${what}`, () => {
    const found = compared(before, after);
    if (expected === undefined) assert.equal(found?.obstacle, undefined);
    else assert.match(found?.obstacle ?? "", expected);
  });
}

Deno.test("a Pod without its own revision is compared by the hash without images", () => {
  const current = withSpec(agent({ resources: { requests: { cpu: "1" } } }));
  const old = withSpec({});
  const revisions = compareRevisions(current.sidecarSet, [revisionOf(old)]);
  const found = revisions.of({ hash: "another image", hashWithoutImage: old.hashWithoutImage });
  assert.equal(found?.obstacle, undefined);
  assert.equal(found?.images.size, 0, "its images are not known");
  assert.equal(revisions.of({ hash: old.hash, hashWithoutImage: "unknown" }), undefined);
});

Deno.test("revisions of another SidecarSet are not compared", () => {
  const old = withSpec({});
  const revision = revisionOf(old);
  const [owner] = revision.metadata.ownerReferences ?? [];
  assert.ok(owner);
  owner.uid = "another";
  assert.equal(compareRevisions(withSpec({}).sidecarSet, [revision]).of(old), undefined);
});
