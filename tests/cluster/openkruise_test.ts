import assert from "node:assert/strict";
import { ALLOW_LIST_CONFIG_MAP, ALLOW_LIST_KEY } from "../../lib/api/names.ts";
import { get, list, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { startController } from "../support/controller_process.ts";
import { KRUISE_NAMESPACE, kruiseManager, kruiseRegistration } from "../support/openkruise.ts";
import { getSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { UserShell } from "../support/user_shell.ts";

const manifests = new URL("../../manifests", import.meta.url).pathname;

function apply(plane: ControlPlane, ...objects: object[]): Promise<string> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  return kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

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
      namespace: KRUISE_NAMESPACE,
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
  await kubectlOutput(["create", "namespace", KRUISE_NAMESPACE], plane);
  await install(plane);
  // The variable that only turns its webhook for Pods off.
  const manager = kruiseManager({ kinds: "CloneSet,DaemonSet" });
  await apply(plane, ...kruiseRegistration(), manager, sidecarSet, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: ALLOW_LIST_CONFIG_MAP, namespace: KRUISE_NAMESPACE },
    data: {
      [ALLOW_LIST_KEY]: JSON.stringify({
        rules: [{ allowedAnnotationKeyExprs: ["^allowed[.]k8s[.]io/"] }],
      }),
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
      return said.includes("its manager in namespace kruise-system cannot be read");
    }, { what: "/readyz says that the manager cannot be read" });
    assert.match(controller.log(), /cannot be read.*sidecarset manifests --openkruise/);
    await eventually(
      () => /Cannot read OpenKruise's namespace.*manifests --openkruise/.test(controller.log()),
      { what: "the log says so too" },
    );
    const rights = ["apply", "-f", `${manifests}/components/openkruise/rbac.yaml`];
    await kubectlOutput(rights, plane);
  });

  const saysOpenKruise = async (): Promise<string | undefined> => {
    const response = await fetch(`${controller.healthUrl}/readyz`);
    const said = await response.text();
    return response.ok ? undefined : /^\[-\]openkruise failed: (.*)$/m.exec(said)?.[1];
  };

  await t.step("is left alone, with the reason, while OpenKruise's manager runs", async () => {
    const reason = await eventually(async () => {
      const reason = await saysOpenKruise();
      return reason?.includes("the Deployment kruise-system/kruise-controller-manager runs")
        ? reason
        : undefined;
    }, { what: "/readyz names OpenKruise" });
    assert.match(reason, /kruise-mutating-webhook-configuration and kruise-validating-webhook-/);
    assert.match(reason, /Remove OpenKruise, or run a build of its manager without SidecarSet/);
    const { items } = await send(plane.client, list(resources.mutatingWebhookConfigurations));
    assert.deepEqual(items.map(({ metadata }) => metadata.name), [
      "kruise-mutating-webhook-configuration",
    ]);
    assert.ok(controller.log().includes("Refusing to write because OpenKruise is active"));
  });

  await t.step(
    "is taken over once OpenKruise's manager is a build without SidecarSet",
    async () => {
      await apply(plane, ...kruiseRegistration({ except: ["sidecarsets"] }));
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
    },
  );

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
    await assert.rejects(apply(plane, patched("other.k8s.io/key")), /other\.k8s\.io\/key/);
    await apply(plane, patched("allowed.k8s.io/key"));
  });

  await t.step(
    "is left alone again when OpenKruise comes back, and taken over when it goes",
    async () => {
      await untilSidecarSet(plane, "agent", {
        what: "is observed",
        is: ({ status }) => status?.observedGeneration === 1,
      });
      await apply(plane, ...kruiseRegistration());
      await eventually(saysOpenKruise, { what: "/readyz names OpenKruise again" });
      await eventually(async () => {
        const lease = { name: "sidecarset", namespace: "sidecarset-system" };
        const { spec } = await send(plane.client, get(resources.leases, lease));
        return spec?.holderIdentity === "";
      }, { what: "the controller does not lead any more" });
      await patchSidecarSet(plane, "agent", {
        containers: [{ name: "agent", image: "agent:3" }],
      });
      await using shell = await UserShell.open(plane.kubeconfig);
      const { stdout } = await shell.run("kubectl sidecarset doctor -o json");
      const found: { name: string; status: string; remedy: string }[] = JSON.parse(stdout).checks;
      const check = found.find(({ name }) => name === "OpenKruise");
      assert.equal(check?.status, "error");
      assert.match(check?.remedy ?? "", /Remove OpenKruise/);
      const { status } = await getSidecarSet(plane, "agent");
      assert.equal(status?.observedGeneration, 1, "nothing is written");

      const ref = { name: "kruise-controller-manager", namespace: KRUISE_NAMESPACE };
      await send(plane.client, remove(resources.deployments, ref));
      await untilSidecarSet(plane, "agent", {
        what: "is observed again",
        is: ({ status }) => status?.observedGeneration === 2,
      });
      await controller.untilReady();
      const left = JSON.parse((await shell.run("kubectl sidecarset doctor -o json")).stdout).checks
        .find(({ name }: { name: string }) => name === "OpenKruise");
      assert.equal(left.status, "warning");
      for (const command of left.commands) await shell.output(command);
      const configurations = await shell.output(
        "kubectl get mutatingwebhookconfigurations -o name",
      );
      assert.doesNotMatch(configurations, /kruise/);
    },
  );
});
