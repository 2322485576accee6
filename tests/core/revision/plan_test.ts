import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import {
  currentRevision,
  planRevisions,
  type RevisionAction,
  type RevisionPlan,
} from "../../../lib/core/revision/plan.ts";
import { meshSidecarSet, storedRevision, withImage } from "./fixtures.ts";

interface Scene {
  readonly stored?: readonly ControllerRevision[];
  readonly inUse?: readonly string[];
  readonly collisionCount?: number;
}

function plan(
  sidecarSet: SidecarSet,
  { stored = [], inUse = [], collisionCount = 0 }: Scene = {},
): RevisionPlan {
  return planRevisions({
    prepared: { sidecarSet, ...hashSidecarSet(sidecarSet.spec) },
    stored,
    inUse: new Set(inUse),
    collisionCount,
    namespace: "system",
  });
}

function summary(action: RevisionAction): string {
  switch (action.type) {
    case "create":
      return `create ${action.revision.revision}`;
    case "change":
      return ["change", action.stored.metadata.name, action.revision, action.customVersion]
        .filter((part) => part !== undefined).join(" ");
    case "delete":
      return `delete ${action.stored.metadata.name}`;
  }
}

/** Revisions mesh-1, mesh-2, ... with the images proxy:1, proxy:2, ... */
function history(length: number): ControllerRevision[] {
  return Array.from(
    { length },
    (_, i) => storedRevision({ name: `mesh-${i + 1}`, revision: i + 1 }),
  );
}

Deno.test("planRevisions() creates the first revision with number 1", () => {
  const { latest, actions, collisionCount } = plan(meshSidecarSet());
  const [action] = actions;
  assert.equal(actions.length, 1);
  assert.ok(action?.type === "create");
  assert.equal(action.revision.metadata.name, latest);
  assert.equal(action.revision.revision, 1);
  assert.equal(collisionCount, 0);
});

const plans: readonly [says: string, sidecarSet: SidecarSet, scene: Scene, actions: string[]][] = [
  [
    "has nothing to do for the newest one",
    meshSidecarSet(withImage("proxy:3")),
    { stored: history(3) },
    [],
  ],
  [
    "counts on from the highest number",
    meshSidecarSet(withImage("proxy:9")),
    { stored: history(3).toReversed() },
    ["create 4"],
  ],
  [
    "makes an older one the newest again",
    meshSidecarSet(withImage("proxy:1")),
    { stored: history(3) },
    ["change mesh-1 4"],
  ],
  [
    "passes over revisions of others",
    meshSidecarSet(withImage("proxy:1")),
    { stored: [storedRevision({ name: "mesh-1", revision: 7, uid: "deleted" })] },
    ["create 1"],
  ],
  [
    "moves the custom version to the revision it is given to",
    meshSidecarSet({ ...withImage("proxy:1"), customVersion: "blue" }),
    { stored: [storedRevision({ name: "mesh-1", revision: 1, customVersion: "green" })] },
    ["change mesh-1 blue"],
  ],
  [
    "gives an older revision its number and its custom version at once",
    meshSidecarSet({ ...withImage("proxy:1"), customVersion: "blue" }),
    { stored: history(3) },
    ["change mesh-1 4 blue"],
  ],
  [
    "leaves a label when the custom version is removed",
    meshSidecarSet(withImage("proxy:1")),
    { stored: [storedRevision({ name: "mesh-1", revision: 1, customVersion: "green" })] },
    [],
  ],
  [
    "keeps ten by default, oldest first out",
    meshSidecarSet(withImage("proxy:99")),
    { stored: history(11) },
    ["create 12", "delete mesh-1", "delete mesh-2"],
  ],
  [
    "keeps the newest whatever the limit",
    meshSidecarSet({ ...withImage("proxy:3"), revisionHistoryLimit: 0 }),
    { stored: history(3) },
    ["delete mesh-1", "delete mesh-2"],
  ],
  [
    "cuts after renumbering",
    meshSidecarSet({ ...withImage("proxy:1"), revisionHistoryLimit: 2 }),
    { stored: history(3) },
    ["change mesh-1 4", "delete mesh-2"],
  ],
  [
    "never deletes what Pods run, and stays above the limit for it",
    meshSidecarSet({ ...withImage("proxy:4"), revisionHistoryLimit: 1 }),
    { stored: history(4), inUse: ["mesh-1", "mesh-2"] },
    ["delete mesh-3"],
  ],
  [
    "never deletes a revision pinned by name",
    meshSidecarSet({
      ...withImage("proxy:3"),
      revisionHistoryLimit: 1,
      injectionStrategy: { revision: { revisionName: "mesh-1" } },
    }),
    { stored: history(3) },
    ["delete mesh-2"],
  ],
  [
    "never deletes the newest revision of a pinned custom version",
    meshSidecarSet({
      ...withImage("proxy:4"),
      revisionHistoryLimit: 1,
      injectionStrategy: { revision: { customVersion: "v1" } },
    }),
    {
      stored: [
        storedRevision({ name: "mesh-1", revision: 1, customVersion: "v1" }),
        storedRevision({ name: "mesh-2", revision: 2, customVersion: "v1" }),
        ...history(4).slice(2),
      ],
    },
    ["delete mesh-1", "delete mesh-3"],
  ],
  [
    "keeps no older revision of a pinned custom version that the latest has too",
    meshSidecarSet({
      ...withImage("proxy:9"),
      customVersion: "v1",
      revisionHistoryLimit: 1,
      injectionStrategy: { revision: { customVersion: "v1" } },
    }),
    { stored: [storedRevision({ name: "mesh-1", revision: 1, customVersion: "v1" })] },
    ["create 2", "delete mesh-1"],
  ],
];

for (const [says, sidecarSet, scene, actions] of plans) {
  Deno.test(`planRevisions() ${says}`, () => {
    assert.deepEqual(plan(sidecarSet, scene).actions.map(summary), actions);
  });
}

Deno.test("planRevisions() takes another name when the name is taken", () => {
  const { latest } = plan(meshSidecarSet());
  const taken = storedRevision({ name: latest, revision: 5, uid: "deleted" });
  const second = plan(meshSidecarSet(), { stored: [taken] });
  assert.notEqual(second.latest, latest);
  assert.equal(second.collisionCount, 1);
  assert.equal(plan(meshSidecarSet(), { collisionCount: 1 }).latest, second.latest);
});

Deno.test("currentRevision() finds the spec's own revision, and none of an older spec", () => {
  const stored = history(3);
  assert.equal(currentRevision(meshSidecarSet(withImage("proxy:2")), stored), stored[1]);
  assert.equal(currentRevision(meshSidecarSet(withImage("proxy:4")), stored), undefined);
});
