import assert from "node:assert/strict";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../lib/api/names.ts";
import { get, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { startController } from "../support/controller_process.ts";
import { getSidecarSet } from "../support/sidecarsets.ts";

const manifests = new URL("../../manifests", import.meta.url).pathname;
const KRUISE = "kruise-system";

function apply(plane: ControlPlane, ...objects: object[]): Promise<string> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  return kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

function manager(kinds: string) {
  const containers = [{
    name: "manager",
    image: "manager:1",
    env: [{ name: "CUSTOM_RESOURCE_ENABLE", value: kinds }],
  }];
  const labels = { app: "kruise" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "kruise-controller-manager", namespace: KRUISE },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers } },
    },
  };
}

const registration = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "kruise-mutating-webhook-configuration" },
  webhooks: [],
};

const sidecarSet = {
  apiVersion: "apps.kruise.io/v1alpha1",
  kind: "SidecarSet",
  metadata: { name: "agent" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:2" }],
  },
};

/** The revision before the current one, as OpenKruise keeps it. */
function oldRevision(uid: string) {
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: "agent-5d8f7c9b6",
      namespace: KRUISE,
      labels: {
        "kruise.io/sidecarset-name": "agent",
        "controller.kubernetes.io/hash": "5d8f7c9b6",
        "apps.kruise.io/sidecarset-custom-version": "first",
      },
      ownerReferences: [{
        apiVersion: "apps.kruise.io/v1alpha1",
        kind: "SidecarSet",
        name: "agent",
        uid,
        controller: true,
      }],
    },
    data: { spec: { $patch: "replace", containers: [{ name: "agent", image: "agent:1" }] } },
    revision: 1,
  };
}

Deno.test("a cluster that OpenKruise has looked after", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await kubectlOutput(["create", "namespace", KRUISE], plane);
  await install(plane);
  await apply(plane, registration, manager(""), sidecarSet, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: ALLOW_LIST_CONFIG_MAP, namespace: KRUISE },
    data: {
      [ALLOW_LIST_KEY]: JSON.stringify({ rules: [{ allowedAnnotationKeyExprs: ["^allowed/"] }] }),
    },
  });
  const { metadata: { uid = "" } } = await getSidecarSet(plane, "agent");
  await apply(plane, oldRevision(uid));
  await using controller = await startController({
    kubeconfig: plane.controllerKubeconfig,
    untilReady: false,
  });

  await t.step("is left alone, and the remedy said, while it may not be looked at", async () => {
    await eventually(async () => {
      const said = await (await fetch(`${controller.healthUrl}/readyz`)).text();
      return said.includes("may not be read");
    }, { what: "/readyz says that it may not be read" });
    assert.match(controller.log(), /may not be read.*sidecarset manifests --openkruise/);
    await eventually(
      () => /Cannot read what OpenKruise has kept.*manifests --openkruise/.test(controller.log()),
      { what: "the log says so too" },
    );
    const rights = ["apply", "-f", `${manifests}/components/openkruise/rbac.yaml`];
    await kubectlOutput(rights, plane);
  });

  await t.step("is left alone, with the reason, while OpenKruise's SidecarSet is on", async () => {
    await eventually(async () => {
      const response = await fetch(`${controller.healthUrl}/readyz`);
      const said = await response.text();
      return !response.ok && said.includes("[-]openkruise failed: the Deployment kruise-system/");
    }, { what: "/readyz names OpenKruise" });
    const { items } = await send(plane.client, list(resources.mutatingWebhookConfigurations));
    assert.deepEqual(items.map(({ metadata }) => metadata.name), [registration.metadata.name]);
    assert.ok(controller.log().includes("without SidecarSet, or remove OpenKruise"));
  });

  await t.step("is taken over once OpenKruise keeps only other kinds", async () => {
    await apply(plane, manager("CloneSet,DaemonSet"));
    await controller.untilReady();
    const copy = await eventually(() =>
      send(
        plane.client,
        get(resources.controllerRevisions, {
          name: "agent-5d8f7c9b6",
          namespace: "sidecarset-system",
        }),
      ), { what: "the old revision is in the controller's namespace" });
    assert.equal(copy.metadata.labels?.["apps.kruise.io/sidecarset-custom-version"], "first");
    const current = await eventually(async () => {
      const { items } = await send(
        plane.client,
        list(resources.controllerRevisions, { namespace: "sidecarset-system" }),
      );
      return items.find(({ revision }) => revision === 2);
    }, { what: "the current revision comes after it" });
    assert.notEqual(current.metadata.name, copy.metadata.name);
  });

  await t.step("keeps OpenKruise's allow-list for annotations", async () => {
    const patched = (key: string) => ({
      ...sidecarSet,
      metadata: { name: "annotated" },
      spec: {
        ...sidecarSet.spec,
        selector: { matchLabels: { app: "other" } },
        containers: [{ name: "other", image: "other:1" }],
        patchPodMetadata: [{ annotations: { [key]: "x" } }],
      },
    });
    await assert.rejects(apply(plane, patched("forbidden/key")), /forbidden\/key/);
    await apply(plane, patched("allowed/key"));
  });
});
