import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import type { WebhookClientConfig } from "../../lib/api/webhook_configuration.ts";
import { isNotFound } from "../../lib/kube/errors.ts";
import { create, get, list as listRequest, patch, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { issueAuthority, issueServingCertificate } from "../../lib/webhook/certificates/issue.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { installAndStart } from "../support/installation.ts";
import { kubectl } from "../support/kubectl.ts";
import { metricsOf } from "../support/metrics.ts";
import { createPods, latencyText } from "../support/pod_load.ts";
import { readRegistration, untilNothingPending } from "../support/registration.ts";
import {
  conditionOf,
  createSidecarSet,
  deleteSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

/** As replicas in a cluster: the registration stays when the process ends. */
const args = ["--keep-registration", "--drain-seconds", "1"];
const TIMEOUT_MS = 120_000;
const POLICY = { name: "sidecarset" };
const containers = [{ name: "agent", image: "agent:1" }];
const main = { name: "main", image: "main:1" };
const web = {
  selector: { matchLabels: { app: "web" } },
  containers,
  injectionStrategy: { mechanism: "Policy" as const },
};
const ofWeb = { labels: { app: "web" }, spec: { containers: [main] } };
const guarded = {
  selector: { matchLabels: { app: "guarded" } },
  containers,
  failurePolicy: "Fail" as const,
};

/** Waits until new Pods get the SidecarSet, with this reason. */
function untilReady(plane: ControlPlane, name: string, reason: string) {
  return untilSidecarSet(plane, name, {
    what: `is ready with the reason ${reason}`,
    is({ metadata, status }) {
      const condition = conditionOf({ metadata, spec: {}, status }, "Ready");
      return condition?.status === "True" && condition.reason === reason &&
        condition.observedGeneration === metadata.generation;
    },
    timeout: TIMEOUT_MS,
  });
}

/** Waits until the webhook's registration has entries for Pods, or none. */
function untilReviewed(plane: ControlPlane, isReviewed: boolean) {
  return eventually(async () => {
    const { webhooks = [] } = await readRegistration(plane);
    return webhooks.some(({ name }) => name.includes(".pods.")) === isReviewed;
  }, { what: isReviewed ? "Pods are reviewed" : "no Pod is reviewed", timeout: TIMEOUT_MS });
}

/** Replaces where API servers find the webhooks. */
async function redirect(plane: ControlPlane, config: WebhookClientConfig): Promise<void> {
  for (
    const resource of [
      resources.mutatingWebhookConfigurations,
      resources.validatingWebhookConfigurations,
    ]
  ) {
    const { webhooks = [] } = await send(plane.client, get(resource, POLICY));
    const body = webhooks.flatMap((_, i) => [
      { op: "remove", path: `/webhooks/${i}/clientConfig` } as const,
      { op: "add", path: `/webhooks/${i}/clientConfig`, value: config } as const,
    ]);
    await send(plane.client, patch(resource, { ...POLICY, type: "json", body }));
  }
}

/** Waits until a Pod that only the webhook injects is refused with this error. */
function untilRefused(plane: ControlPlane, error: RegExp) {
  const pods = new ClusterPods(plane.client);
  return eventually(async () => {
    const created = pods.create("guarded", {
      labels: { app: "guarded" },
      spec: { containers: [main] },
    });
    await assert.rejects(created, error);
    return true;
  }, { what: `the webhook fails with ${error}`, timeout: TIMEOUT_MS });
}

/** Creates Pods for as long as the work takes: none may be refused or go without the sidecar. */
async function stream(
  plane: ControlPlane,
  name: string,
  work: () => Promise<unknown>,
): Promise<void> {
  const end = new AbortController();
  const { signal } = end;
  const options = { labels: { app: "web" }, sidecar: "agent", name, inFlight: 2, pause: 50 };
  const load = createPods(plane, { ...options, signal });
  await work().finally(() => end.abort());
  const { created, uninjected, refusals } = await load;
  assert.deepEqual({ uninjected, refusals }, { uninjected: 0, refusals: [] });
  assert.ok(created > 0);
}

function servesPolicies({ client }: ControlPlane): Promise<boolean> {
  return send(client, listRequest(resources.mutatingAdmissionPolicies)).then(
    () => true,
    (error) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
}

async function loadOf(plane: ControlPlane, name: string, atMost: number): Promise<void> {
  const latencies: number[] = [];
  const onCreated = (milliseconds: number) => latencies.push(milliseconds);
  const options = { labels: { app: "web" }, sidecar: "agent", name, inFlight: 20, atMost };
  const load = await createPods(plane, { ...options, onCreated });
  assert.deepEqual(load, { created: atMost, uninjected: 0, refusals: [] });
  console.log(`${load.created} Pods, controller ${name}: ${latencyText(latencies)}`);
}

Deno.test("SidecarSets that the API server injects by a policy", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await using controller = await installAndStart(plane, { args });
  const pods = new ClusterPods(plane.client);
  if (!await servesPolicies(plane)) {
    // Kubernetes before 1.36.
    await t.step("are injected by the webhook where there are no policies", async () => {
      await createSidecarSet(plane, "web", web);
      await untilReady(plane, "web", "PolicyUnavailable");
      assertInjectedOnce(await pods.create("first", ofWeb));
      await untilReviewed(plane, true);
    });
    return;
  }
  const list = async () => (await pods.list("app=web")).length;

  await t.step("are injected as soon as their creation is answered", async () => {
    const body = { metadata: { name: "web" }, spec: web };
    await send(plane.client, create(resources.sidecarSets, { body }));
    assertInjectedOnce(await pods.create("first", ofWeb));
  });

  await t.step("leave the webhook's registration once the policy is active", async () => {
    await stream(plane, "new", () => untilReady(plane, "web", "InForce"));
    await untilNothingPending(plane);
    await stream(plane, "unreviewed", () => untilReviewed(plane, false));
    const policy = await send(plane.client, get(resources.mutatingAdmissionPolicies, POLICY));
    assert.equal(policy.metadata.ownerReferences?.[0]?.kind, "ClusterRole");
    const metrics = await metricsOf(controller);
    assert.deepEqual(
      Object.fromEntries(metrics.get("sidecarset_sidecarsets") ?? []),
      { 'mechanism="Policy"': 1, 'mechanism="Webhook"': 0 },
    );
  });

  await t.step("leave Pods that a policy does not decide about to the webhook", async () => {
    const resources = { requests: { cpu: "1" }, limits: { cpu: "1" } };
    const own = { ...ofWeb, spec: { containers: [main], resources } };
    assertInjectedOnce(await pods.create("own-resources", own));
    const { metadata: { annotations = {} }, spec } = await pods.get("first");
    const copy = { labels: ofWeb.labels, annotations, spec: { containers: spec.containers } };
    assertInjectedOnce(await pods.create("copy", copy));
  });

  await t.step("a template that changes misses no Pod", async () => {
    await stream(plane, "changed", async () => {
      await patchSidecarSet(plane, "web", { containers: [{ name: "agent", image: "agent:2" }] });
      await untilReady(plane, "web", "InForce");
    });
    const pod = await pods.create("second", ofWeb);
    assert.equal(pod.spec.containers[0]?.image, "agent:2");
  });

  await t.step("go to the webhook and back under a stream of creations", async () => {
    await stream(plane, "to-webhook", async () => {
      await patchSidecarSet(plane, "web", { injectionStrategy: { mechanism: "Webhook" } });
      await untilReady(plane, "web", "InForce");
      await eventually(async () => {
        const read = send(plane.client, get(resources.mutatingAdmissionPolicies, POLICY));
        return await read.then(() => false, (error) => error.httpCode === 404);
      }, { what: "the policy is deleted with its last SidecarSet", timeout: TIMEOUT_MS });
      await untilReviewed(plane, true);
    });
    await stream(plane, "to-policy", async () => {
      await patchSidecarSet(plane, "web", { injectionStrategy: { mechanism: "Policy" } });
      await untilReady(plane, "web", "InForce");
      await untilReviewed(plane, false);
    });
    for (const pod of await pods.list("app=web")) assertInjectedOnce(pod);
  });

  await t.step("are injected while another client deletes or changes the policy", async () => {
    const resource = resources.mutatingAdmissionPolicies;
    await stream(plane, "bound", async () => {
      const body = { metadata: { labels: { "app.kubernetes.io/managed-by": "another-client" } } };
      await send(plane.client, patch(resource, { ...POLICY, type: "merge", body }));
      await eventually(async () => {
        const { metadata } = await send(plane.client, get(resource, POLICY));
        return metadata.labels?.["app.kubernetes.io/managed-by"] === "sidecarset";
      }, { what: "the policy is repaired", timeout: TIMEOUT_MS });
      await untilReady(plane, "web", "InForce");
      await untilReviewed(plane, false);
    });
    await send(plane.client, remove(resource, POLICY));
    await eventually(async () => await send(plane.client, get(resource, POLICY)) !== undefined, {
      what: "the policy is there again",
      timeout: TIMEOUT_MS,
    });
    await untilReady(plane, "web", "InForce");
    await untilReviewed(plane, false);
  });

  await t.step("stay with the webhook where they depend on the Pod, and say so", async () => {
    const shared = { ...containers[0], shareVolumePolicy: { type: "enabled" } };
    const input = JSON.stringify({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "shared" },
      spec: { ...web, selector: { matchLabels: { app: "shared" } }, containers: [shared] },
    });
    const { code, stderr } = await kubectl(["apply", "-f", "-"], {
      kubeconfig: plane.kubeconfig,
      input,
    });
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /Warning: Injected by the webhook: spec\.containers\[agent\]\.shareVolume/,
    );
    const { status } = await untilReady(plane, "shared", "PolicyUnsupported");
    const ready = conditionOf({ metadata: {}, spec: {}, status }, "Ready");
    assert.match(ready?.message ?? "", /shareVolumePolicy/);
    const pod = await pods.create("shared", {
      labels: { app: "shared" },
      spec: { containers: [main] },
    });
    assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main"]);
    await deleteSidecarSet(plane, "shared");
  });

  let updating = 0;
  await t.step(
    "1,000 Pods by 20 creators while the controller is dead, in a roll-out",
    async () => {
      await createSidecarSet(plane, "guarded", guarded);
      await patchSidecarSet(plane, "web", { containers: [{ name: "agent", image: "agent:3" }] });
      await untilReady(plane, "web", "InForce");
      await loadOf(plane, "alive", 1_000);
      await controller.stop("SIGKILL");
      updating = await list();
      await untilRefused(plane, /connection refused/);
      await loadOf(plane, "dead", 1_000);
    },
  );

  await t.step("and while its certificate has expired", async () => {
    const authority = await issueAuthority({ now: new Date(), lifetimeSeconds: 3_600 });
    const expired = await issueServingCertificate(authority, {
      names: { dns: ["localhost"], ip: ["127.0.0.1"] },
      now: new Date(Date.now() - 3_600_000),
      lifetimeSeconds: 60,
    });
    const url = new URL(controller.webhookUrl);
    await using server = Deno.serve({
      ...{ hostname: url.hostname, port: Number(url.port), onListen: () => {} },
      ...{ cert: expired.cert, key: expired.key },
    }, () => new Response());
    assert.ok(server);
    await redirect(plane, { url: url.href, caBundle: btoa(authority.cert) });
    await untilRefused(plane, /certificate has expired|expired or is not yet valid/);
    await loadOf(plane, "expired", 300);
  });

  await t.step("and while its Service is deleted", async () => {
    const service = { name: "gone", namespace: "sidecarset-system", port: 443, path: "/" };
    await redirect(plane, { service });
    await untilRefused(plane, /service "gone" not found/);
    await loadOf(plane, "gone", 300);
  });

  await t.step("are counted exactly once it is back, and the roll-out goes on", async () => {
    await send(
      plane.client,
      remove(resources.leases, { ...POLICY, namespace: "sidecarset-system" }),
    );
    await controller.start();
    const total = updating + 1_600;
    const { status } = await untilSidecarSet(plane, "web", {
      what: "has updated all Pods",
      is: ({ status }) => status?.matchedPods === total && status.updatedPods === total,
      timeout: 300_000,
    });
    assert.deepEqual([status?.uninjectedPods, status?.missedPods], [0, 0]);
    await untilReady(plane, "guarded", "InForce");
  });

  await t.step("a Pod that the policy leaves out is counted and explained", async () => {
    const spec = { containers: [main, { name: "agent", image: "own:1" }] };
    const pod = await pods.create("clash", { ...ofWeb, spec });
    assert.deepEqual(namesOf(pod.spec.containers), ["main", "agent"]);
    await untilSidecarSet(plane, "web", {
      what: "reports the Pod as missed, with the reason",
      is: (found) =>
        found.status?.missedPods === 1 &&
        conditionOf(found, "PodsMissed")?.reason === "ContainerNameConflict",
      timeout: TIMEOUT_MS,
    });
  });
});

function assertInjectedOnce({ metadata, spec }: Pod): void {
  assert.deepEqual(namesOf(spec.containers), ["agent", "main"]);
  assert.equal(metadata.annotations?.["kruise.io/sidecarset-injected-list"], "web");
}
