import assert from "node:assert/strict";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../lib/api/names.ts";
import { prepareSidecarSet } from "../../lib/core/defaults/prepare.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { eventually } from "../support/eventually.ts";
import { InjectionCluster } from "../support/injection.ts";
import { kubectlOutput } from "../support/kubectl.ts";

const sidecarSet = {
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "agent" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    containers: [{
      name: "agent",
      image: "agent:1",
      // The schema itself stores the protocol.
      ports: [{ containerPort: 80, protocol: "TCP" }],
      livenessProbe: { httpGet: { port: 80 } },
      startupProbe: { tcpSocket: { port: 80 } },
    }],
    volumes: [{ name: "config", configMap: { name: "agent" } }],
  },
};

const apply = ({ plane }: InjectionCluster) =>
  kubectlOutput(["apply", "-f", "-"], {
    kubeconfig: plane.kubeconfig,
    input: JSON.stringify(sidecarSet),
  });

/** Applies until the webhook has seen the SidecarSet, which shows in its hashes. */
async function applied(cluster: InjectionCluster) {
  await apply(cluster);
  return await eventually(async () => {
    const stored = await read(cluster);
    assert.ok(stored.metadata.annotations?.[HASH_ANNOTATION]);
    return stored;
  }, { what: "the SidecarSet has its hashes" });
}

const read = ({ plane }: InjectionCluster) =>
  send(plane.client, get(resources.sidecarSets, { name: "agent" }));

Deno.test("kubectl apply of the same file says unchanged where defaults are not stored", async () => {
  await using cluster = await InjectionCluster.start({ args: ["--omit-defaults"] });
  const stored = await applied(cluster);
  assert.deepEqual(Object(stored).spec, sidecarSet.spec);
  const prepared = prepareSidecarSet(sidecarSet);
  assert.ok(prepared.ok);
  assert.equal(stored.metadata.annotations?.[HASH_ANNOTATION], prepared.value.hash);
  assert.equal(
    stored.metadata.annotations?.[HASH_WITHOUT_IMAGE_ANNOTATION],
    prepared.value.hashWithoutImage,
  );
  assert.equal(await apply(cluster), "sidecarset.apps.kruise.io/agent unchanged\n");
});

Deno.test("kubectl apply of the same file changes nothing where defaults are stored", async () => {
  await using cluster = await InjectionCluster.start();
  const { metadata: { generation } } = await applied(cluster);
  // kubectl compares lists as a whole, so it sends the containers again.
  assert.equal(await apply(cluster), "sidecarset.apps.kruise.io/agent configured\n");
  assert.equal((await read(cluster)).metadata.generation, generation);
});
