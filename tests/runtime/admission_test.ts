import assert from "node:assert/strict";
import type { ControllerRevision } from "../../lib/api/objects.ts";
import { isObject } from "../../lib/api/json.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { applyPatch } from "../../lib/core/json/patch.ts";
import { newControllerRevision } from "../../lib/core/revision/controller_revision.ts";
import { revisionData } from "../../lib/core/revision/data.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import { createAdmission } from "../../lib/runtime/admission.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { podOf, sidecarSetOf } from "../support/objects.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { RecordingClient } from "../support/recording_client.ts";
import { post, recordedRequest } from "../webhook/fixtures.ts";

const image = (tag: string) => ({ containers: [{ name: "agent", image: `agent:${tag}` }] });

/**
 * The webhook over an index that knows a SidecarSet at `agent:2`, of which a quarter of the Pods is to stay at
 * `agent:1`.
 */
function partial() {
  const index = new ClusterIndex();
  index.applyNamespace({ metadata: { name: "default", labels: {} } });
  const old = sidecarSetOf({ spec: image("1") });
  const revision = (prepared: typeof old, number: number): ControllerRevision =>
    newControllerRevision({
      prepared,
      data: revisionData(prepared.sidecarSet.spec),
      revision: number,
      collisionCount: 0,
      namespace: "sidecarset-system",
    });
  const pinned = revision(old, 1);
  const current = sidecarSetOf({
    spec: {
      ...image("2"),
      updateStrategy: { partition: "25%" },
      injectionStrategy: {
        revision: { revisionName: pinned.metadata.name ?? "", policy: "Partial" },
      },
    },
  });
  for (const stored of [pinned, revision(current, 2)]) index.applyRevision(stored);
  index.applySidecarSet(current);
  const handle = createAdmission({
    client: new RecordingClient(),
    index,
    clock: new ManualClock(),
    logger: quietLogger,
    excludedNamespaces: [],
    refusesPods: true,
    isSynced: () => true,
    problemsOf: () => [],
    validate: () => [],
    cover: () => undefined,
  });
  let created = 0;

  /** Creates a Pod. The index learns of it only from `applyPod`, as from a watch. */
  async function create(options: { dryRun?: boolean } = {}): Promise<Pod> {
    const name = `pod-${created++}`;
    const pod = podOf({ name });
    const request = {
      ...recordedRequest("bare-pod"),
      ...options,
      namespace: "default",
      object: pod,
    };
    const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request };
    const answer: unknown = await (await handle(post(JSON.stringify(review)))).json();
    assert.ok(isObject(answer) && isObject(answer.response));
    const patched = applyPatch(pod, JSON.parse(atob(String(answer.response.patch))));
    assert.ok(isObject(patched) && isObject(patched.spec) && isObject(patched.metadata));
    return { ...pod, ...patched };
  }
  const isPinned = ({ spec }: Pod) =>
    spec.containers.some((container) => container.image === "agent:1");
  return { index, create, isPinned };
}

Deno.test("createAdmission() keeps the share of policy Partial before the watch delivers the Pods", async () => {
  const { create, isPinned } = partial();
  const pods: Pod[] = [];
  for (let i = 0; i < 40; i++) pods.push(await create());
  assert.equal(pods.filter(isPinned).length, 10);
});

Deno.test("createAdmission() counts no Pod twice after the watch delivers it", async () => {
  const { index, create, isPinned } = partial();
  const pods: Pod[] = [];
  for (let i = 0; i < 40; i++) {
    const pod = await create();
    pods.push(pod);
    // The watch is five Pods behind.
    const delivered = pods.at(-6);
    if (delivered) index.applyPod(delivered);
  }
  assert.equal(pods.filter(isPinned).length, 10);
  for (const pod of pods.slice(-5)) index.applyPod(pod);
  assert.deepEqual(index.expectedPods.of("web", 0), { matched: 0, pinned: 0 });
});

Deno.test("createAdmission() counts no Pod of a dry run", async () => {
  const { create, isPinned } = partial();
  for (let i = 0; i < 3; i++) assert.ok(isPinned(await create({ dryRun: true })));
});
