import assert from "node:assert/strict";
import type { Pod } from "../../lib/api/pod.ts";
import { PATHS, type WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { create, get, patch, remove } from "../../lib/kube/requests.ts";
import { type Resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { type ControllerProcess, startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { namesOf } from "../support/injection.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { readRegistration, untilNothingPending } from "../support/registration.ts";
import { conditionOf, createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { recordedReview } from "../webhook/fixtures.ts";

const NAME = "sidecarset";
const CREATORS = 20;

/** As replicas in a cluster: the registration stays when the process ends, and its entries may refuse Pods. */
const args = ["--keep-registration", "--drain-seconds", "1"];

const containers = [{ name: "agent", image: "agent:1" }];
const main = { name: "main", image: "main:1" };

interface LoadOptions {
  count: number;
  app: string;
  namespace: string;
  /** Waited for before the Pod of this number is created. */
  before: (number: number) => Promise<unknown> | void;
}

/** Creates Pods by several creators at once; resolves to what was stored. A refusal rejects. */
async function createMany(plane: ControlPlane, options: LoadOptions): Promise<Pod[]> {
  const { count, app, namespace, before } = options;
  const stored: Pod[] = [];
  let next = 0;
  const creator = async () => {
    for (let number = next++; number < count; number = next++) {
      await before(number);
      const body = {
        metadata: { name: `${app}-${number}`, labels: { app } },
        spec: { containers: [main] },
      };
      stored.push(await send(plane.client, create(resources.pods, { namespace, body })));
    }
  };
  await Promise.all(Array.from({ length: CREATORS }, creator));
  return stored;
}

function isInjected({ metadata, spec }: Pod): boolean {
  const listed = metadata.annotations?.["kruise.io/sidecarset-injected-list"] !== undefined;
  const names = namesOf(spec.containers);
  assert.deepEqual(names, listed ? ["agent", "main"] : ["main"], "wholly or not at all");
  return listed;
}

async function restart(controller: ControllerProcess, signal: Deno.Signal): Promise<void> {
  await controller.stop(signal);
  await controller.start();
}

Deno.test("Pods while the controller is away", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await using controller = await installAndStart(plane, { args });
  const { client } = plane;

  await t.step("1,000 Pods, and a controller that is restarted and killed meanwhile", async () => {
    const selector = { matchLabels: { app: "busy" } };
    await createSidecarSet(plane, "busy", { selector, containers });
    let ended: Promise<void> | undefined;
    let killed: Promise<void> | undefined;
    const stored = await createMany(plane, {
      count: 1_000,
      app: "busy",
      namespace: "default",
      before(number) {
        if (number === 250) ended = restart(controller, "SIGTERM");
        if (number === 550) killed = restart(controller, "SIGKILL");
        // Never are both away at once, and the last Pods see the controller back.
        return number > 900 ? killed : number > 500 ? ended : undefined;
      },
    });
    assert.equal(stored.length, 1_000);
    const injected = stored.filter(isInjected);
    assert.ok(injected.length > 500, `${injected.length} are injected`);
    assert.ok(injected.length < 1_000, "some were created while the webhook was away");

    // The status is exact once a leader is there again, and it says of each Pod whether it was missed.
    const { status } = await untilSidecarSet(plane, "busy", {
      what: "counts all Pods",
      is: ({ status }) => (status?.matchedPods ?? 0) + (status?.uninjectedPods ?? 0) === 1_000,
    });
    const there = await new ClusterPods(client).list("app=busy");
    const missed = there.filter((pod) => !isInjected(pod)).filter(({ metadata }) =>
      Date.parse(metadata.creationTimestamp ?? "") > Date.parse(status?.effectiveSince ?? "")
    );
    assert.equal(there.filter(isInjected).length, injected.length);
    assert.ok(missed.length > 0);
    assert.deepEqual(
      [status?.matchedPods, status?.updatedPods, status?.uninjectedPods, status?.missedPods],
      [injected.length, injected.length, 1_000 - injected.length, missed.length],
    );
    assert.equal(conditionOf({ metadata: {}, spec: {}, status }, "PodsMissed")?.status, "True");
  });

  await t.step(
    "a Fail entry without its webhook blocks only the selected Pods",
    async () => {
      for (const team of ["a", "b"]) {
        const body = { metadata: { name: `team-${team}`, labels: { team } } };
        await send(client, create(resources.namespaces, { body }));
      }
      await createSidecarSet(plane, "guard", {
        selector: { matchLabels: { app: "guarded" } },
        namespaceSelector: { matchLabels: { team: "a" } },
        failurePolicy: "Fail",
        containers,
      });
      await untilNothingPending(plane);
      await controller.stop("SIGKILL");
      const inA = new ClusterPods(client, "team-a");
      const inB = new ClusterPods(client, "team-b");
      const spec = { containers: [main] };
      for (
        const [what, store] of [
          ["without labels", () => inA.create("unlabelled", { spec })],
          ["that no selector takes", () => inA.create("other", { labels: { app: "other" }, spec })],
          ["of another namespace", () => inB.create("away", { labels: { app: "guarded" }, spec })],
        ] as const
      ) {
        // A call would fail, and refuse the Pod.
        assert.equal(isInjected(await store()), false, `a Pod ${what}`);
      }
      await assert.rejects(
        inA.create("refused", { labels: { app: "guarded" }, spec }),
        /answered 500: .*failed calling webhook "fail-[0-9a-f]+\.pods\.apps\.kruise\.io".*connection refused/,
      );
      // The killed process holds it for 15 s more; that the next one waits so long has been seen above.
      const lease = { name: NAME, namespace: "sidecarset-system" };
      await send(client, remove(resources.leases, lease));
      await controller.start();
      assert.ok(isInjected(await inA.create("guarded", { labels: { app: "guarded" }, spec })));
    },
  );

  await t.step("a registration that another client edits or deletes is repaired", async () => {
    for (
      const resource of [
        resources.mutatingWebhookConfigurations,
        resources.validatingWebhookConfigurations,
      ]
    ) {
      const expected = await send(client, get(resource, { name: NAME }));
      assert.equal(expected.metadata.ownerReferences?.[0]?.kind, "ClusterRole");
      const edit = [
        { op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" },
        { op: "replace", path: "/webhooks/0/timeoutSeconds", value: 30 },
      ] as const;
      await send(client, patch(resource, { name: NAME, type: "json", body: edit }));
      await untilRegistered(plane, resource, expected);
      await send(client, remove(resource, { name: NAME }));
      await untilRegistered(plane, resource, expected);
    }
    await untilSidecarSet(plane, "guard", {
      what: "is ready again",
      is: (found) => conditionOf(found, "Ready")?.status === "True",
    });
  });

  await t.step(
    "no Pod is refused, and none half injected, while its SidecarSet is deleted",
    async () => {
      let deleted: Promise<unknown> | undefined;
      const stored = await createMany(plane, {
        count: 200,
        app: "guarded",
        namespace: "team-a",
        before(number) {
          if (number !== 100) return;
          deleted = send(client, remove(resources.sidecarSets, { name: "guard" }));
        },
      });
      await deleted;
      assert.equal(stored.length, 200);
      assert.ok(stored.filter(isInjected).length >= 100 - CREATORS);
      await eventually(async () => {
        const { webhooks } = await readRegistration(plane);
        return !webhooks?.some(({ name }) => name.includes("fail-"));
      }, { what: "nothing of the SidecarSet is registered" });
      const pods = new ClusterPods(client, "team-a");
      const labels = { app: "guarded" };
      assert.equal(
        isInjected(await pods.create("after", { labels, spec: { containers: [main] } })),
        false,
      );
    },
  );

  await t.step("a process that has not read the cluster answers 503", async () => {
    const { webhooks } = await readRegistration(plane);
    await kubectlOutput(["delete", "clusterrolebinding", NAME], plane);
    await eventually(async () => {
      const kubeconfig = plane.controllerKubeconfig;
      return (await kubectl(["get", "namespaces"], { kubeconfig })).code !== 0;
    }, { what: "the controller's rights are removed" });
    await using unsynced = await startController({
      kubeconfig: plane.controllerKubeconfig,
      args,
      untilReady: false,
    });
    using trusting = Deno.createHttpClient({
      caCerts: [atob(webhooks?.[0]?.clientConfig.caBundle ?? "")],
    });
    const answer = await eventually(() =>
      fetch(new URL(PATHS.mutatePod, unsynced.webhookUrl), {
        client: trusting,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: recordedReview("bare-pod"),
      }), { what: "the webhook listens" });
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /Cannot decide yet/);
    const ready = await fetch(`${unsynced.healthUrl}/readyz`);
    assert.equal(ready.status, 503);
    assert.match(await ready.text(), /\[-\]caches failed: not read yet: .*sidecarsets/);
  });
});

/** Waits until the registration is as it was, though not the same version. */
async function untilRegistered(
  plane: ControlPlane,
  resource: Resource<WebhookConfiguration>,
  expected: WebhookConfiguration,
): Promise<void> {
  await eventually(async () => {
    const found = await send(plane.client, get(resource, { name: NAME }));
    assert.deepEqual(found.webhooks, expected.webhooks);
    assert.deepEqual(found.metadata.ownerReferences, expected.metadata.ownerReferences);
    return true;
  }, { what: `the ${resource.kind} is as it should be` });
}
