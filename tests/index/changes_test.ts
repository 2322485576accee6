import assert from "node:assert/strict";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { changesBy } from "../support/changes.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";

const web = sidecarSetOf();

Deno.test("a subscriber that throws keeps no change from the others, nor from the index", () => {
  const index = new ClusterIndex();
  const seen: string[] = [];
  index.changes.subscribe(() => {
    throw new Error("a defect");
  });
  index.changes.subscribe(({ kind }) => seen.push(kind));
  assert.throws(() => index.applySidecarSet(web), /a defect/);
  assert.throws(() => index.applyPod(podOf({ injected: [web] })), /a defect/);
  assert.deepEqual(seen, ["sidecarset", "pod"]);
  assert.equal(index.pods.countsOf("web").matchedPods, 1);
});

Deno.test("a change has the states before and after", () => {
  const index = new ClusterIndex();
  index.applySidecarSet(web);
  const [first, second] = ["1", "2"].map((resourceVersion) =>
    podOf({ injected: [web], resourceVersion })
  );
  assert.ok(first && second);
  const changes = changesBy(index, () => {
    index.applyPod(first);
    index.applyPod(second);
    index.deletePod("default/pod");
  });
  const states = changes.map((change) => change.kind === "pod" && [change.before, change.after]);
  assert.deepEqual(states, [[undefined, first], [first, second], [second, undefined]]);
});

Deno.test("an older or unknown state publishes nothing", () => {
  const index = new ClusterIndex();
  index.applySidecarSet(sidecarSetOf({ resourceVersion: "2" }));
  const changes = changesBy(index, () => {
    index.applySidecarSet(sidecarSetOf({ resourceVersion: "1" }));
    index.updatePod(podOf({ injected: [web] }));
    index.deletePod("default/pod");
    index.deleteSidecarSet("db");
    index.deleteRevision("db-1");
    index.deleteCleanupRecord("db");
  });
  assert.deepEqual(changes, []);
});
