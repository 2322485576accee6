import assert from "node:assert/strict";
import type { JsonPatchOperation } from "../../lib/api/json.ts";
import { HASH_ANNOTATION } from "../../lib/api/names.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods, isReady } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { serveForeignWebhook } from "../support/foreign_webhook.ts";
import { installAndStart } from "../support/installation.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const MIRROR = "mirror.test/";

function mirrored(pod: Pod): JsonPatchOperation[] {
  return pod.spec.containers.flatMap(({ image = "" }, index) =>
    image.startsWith(MIRROR)
      ? []
      : [{ op: "replace" as const, path: `/spec/containers/${index}/image`, value: MIRROR + image }]
  );
}

const agentAt = (version: number) => ({
  name: "agent",
  image: `agent:${version}`,
  args: [`--version=${version}`],
});

Deno.test("copies of injected Pods get what new Pods get", async (t) => {
  await using plane = await startControlPlane();
  await using _controller = await installAndStart(plane);
  await using mirror = await serveForeignWebhook(plane, {
    name: "zz-mirror",
    label: "app",
    mutate: mirrored,
  });
  const pods = new ClusterPods(plane.client);
  await createSidecarSet(plane, "copied", {
    selector: { matchLabels: { app: "copied" } },
    containers: [agentAt(1)],
  });
  const main = { containers: [{ name: "main", image: "main:1" }] };
  await pods.create("p", { labels: { app: "copied" }, spec: main });
  const stored = await pods.until("p", { what: "the Pod is ready", is: isReady });
  await patchSidecarSet(plane, "copied", { containers: [agentAt(2)] });
  await untilSidecarSet(plane, "copied", {
    what: "gives new Pods its second generation",
    is: ({ metadata, status }) =>
      status?.observedGeneration === metadata.generation && status?.notUpgradablePods === 1 &&
      status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true,
  });

  const { resourceVersion: _version, ...metadata } = stored.metadata;
  const { managedFields: _fields, uid: _uid, ...fewer } = metadata;
  const { nodeName: _node, ...unbound } = stored.spec;
  const exports: [string, Pod][] = [
    ["an export with all that is stored", { ...stored, metadata }],
    ["an export without managedFields", { ...stored, metadata: fewer }],
    ["a copy that is to be scheduled again", { metadata: fewer, spec: unbound }],
  ];
  for (const [i, [what, manifest]] of exports.entries()) {
    await t.step(`${what} gets the current revision and other webhooks' changes`, async () => {
      const name = `copy-${i}`;
      const before = Math.floor(Date.now() / 1_000) * 1_000;
      const body = { ...manifest, metadata: { ...manifest.metadata, name } };
      const options = { namespace: "default", body };
      const copy: Pod = await send(plane.client, create(resources.pods, options));
      const agents = copy.spec.containers.filter((container) => container.name === "agent");
      assert.deepEqual(agents.map(({ image, args }) => [image, args]), [
        [`${MIRROR}agent:2`, ["--version=2"]],
      ]);
      const { annotations = {} } = copy.metadata;
      const { updateTimestamp } = JSON.parse(annotations[HASH_ANNOTATION] ?? "").copied;
      assert.ok(Date.parse(updateTimestamp) >= before);
      const record = annotations["kruise.io/sidecarset-stored-images"];
      assert.equal(record, `{"agent":"${MIRROR}agent:2"}`);
      assert.ok(mirror.calls(name) > 0);
    });
  }

  await t.step("copies count as updated and ready", async () => {
    await untilSidecarSet(plane, "copied", {
      what: "counts them",
      is: ({ status }) => status?.updatedReadyPods === exports.length,
    });
  });
});
