import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import type { LabelSelectorRequirement } from "../../lib/api/meta.ts";
import { isConflict, isNotFound } from "../../lib/kube/errors.ts";
import { create, get, update } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { namesOf } from "../support/injection.ts";
import { installAndStart } from "../support/installation.ts";
import { untilNothingPending } from "../support/registration.ts";
import { conditionOf, createSidecarSet, getSidecarSet } from "../support/sidecarsets.ts";
import { UserShell } from "../support/user_shell.ts";

const KINDS = [
  resources.mutatingWebhookConfigurations,
  resources.validatingWebhookConfigurations,
] as const;
const name = "sidecarset";
const main = { name: "main", image: "main:1" };
const containers = [{ name: "agent", image: "agent:1" }];

/** As AKS and GKE Autopilot add them. */
const REQUIREMENTS: LabelSelectorRequirement[] = [
  { key: "control-plane", operator: "NotIn", values: ["true"] },
  { key: "kubernetes.azure.com/managedby", operator: "NotIn", values: ["aks"] },
  { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["gke-gmp-system"] },
];

/** A managed cluster's admission enforcer: adds its requirements to every webhook whenever they are missing. */
class Enforcer implements AsyncDisposable {
  writes = 0;
  /** Number of checks of both configurations. */
  rounds = 0;
  readonly #plane: ControlPlane;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#run = this.#enforce();
  }

  /** Waits until the enforcer has checked both configurations as they are now. */
  async checked(): Promise<void> {
    const { rounds } = this;
    await eventually(() => this.rounds >= rounds + 2, { what: "the enforcer has checked" });
  }

  async #enforce(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      for (const kind of KINDS) await this.#enforceOn(kind);
      this.rounds++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #enforceOn(kind: typeof KINDS[number]): Promise<void> {
    const { client } = this.#plane;
    try {
      const found = await send(client, get(kind, { name }));
      const webhooks = found.webhooks?.map((entry) => {
        const { matchExpressions = [] } = entry.namespaceSelector;
        const missing = REQUIREMENTS.filter((requirement) =>
          !matchExpressions.some((each) => isDeepStrictEqual(each, requirement))
        );
        const narrowed = { matchExpressions: [...matchExpressions, ...missing] };
        return { ...entry, namespaceSelector: { ...entry.namespaceSelector, ...narrowed } };
      });
      if (isDeepStrictEqual(webhooks, found.webhooks)) return;
      const body = { ...found, ...(webhooks ? { webhooks } : {}) };
      await send(client, update(kind, { name, body, fieldManager: "admissionsenforcer" }));
      this.writes++;
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }
}

async function generations(plane: ControlPlane): Promise<(number | undefined)[]> {
  const found = await Promise.all(KINDS.map((kind) => send(plane.client, get(kind, { name }))));
  return found.map(({ metadata }) => metadata.generation);
}

Deno.test("a managed cluster's enforcer that excludes namespaces from every webhook", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  const body = { metadata: { name: "calico", labels: { "control-plane": "true" } } };
  await send(plane.client, create(resources.namespaces, { body }));
  await using controller = await installAndStart(plane);
  await using enforcer = new Enforcer(plane);

  await t.step("has to write once to each configuration, and SidecarSets are ready", async () => {
    await createSidecarSet(plane, "web", { selector: { matchLabels: { app: "web" } }, containers });
    await eventually(() => enforcer.writes >= 2, { what: "both configurations are narrowed" });
    await untilNothingPending(plane);
    const found = await getSidecarSet(plane, "web");
    assert.equal(conditionOf(found, "Ready")?.status, "True");
    assert.ok(found.status?.effectiveSince);
  });

  await t.step("has nothing to do for a SidecarSet that is created later", async () => {
    const { writes } = enforcer;
    const [mutating = 0, validating = 0] = await generations(plane);
    await createSidecarSet(plane, "db", {
      selector: { matchLabels: { app: "db" } },
      namespace: "default",
      failurePolicy: "Fail",
      containers,
    });
    await untilNothingPending(plane);
    // Writes of the pending entry for Pods, of the permanent one and of its end; one of the entry for Jobs.
    const expected = [mutating + 3, validating + 1];
    await eventually(async () => isDeepStrictEqual(await generations(plane), expected), {
      what: "both configurations have the new entries",
    });
    await enforcer.checked();
    assert.equal(enforcer.writes, writes);
    assert.deepEqual(await generations(plane), expected, "neither writes any more");
    const stored = await new ClusterPods(plane.client).create("db", {
      labels: { app: "db" },
      spec: { containers: [main] },
    });
    assert.deepEqual(namesOf(stored.spec.containers), ["agent", "main"]);
  });

  await t.step("leaves Pods of those namespaces alone, and explain says why", async () => {
    const stored = await new ClusterPods(plane.client, "calico").create("web", {
      labels: { app: "web" },
      spec: { containers: [main] },
    });
    assert.deepEqual(namesOf(stored.spec.containers), ["main"]);
    await using shell = await UserShell.open(plane.kubeconfig);
    assert.match(
      await shell.output("kubectl sidecarset explain pod/web -n calico"),
      /NamespaceExcluded/,
    );
    const { stdout } = await shell.run("kubectl sidecarset doctor -o json");
    const scope = JSON.parse(stdout).checks.find(({ name }: { name: string }) =>
      name === "registration's scope"
    );
    assert.equal(scope.status, "ok", scope.message);
  });

  await t.step(
    "restores a requirement that another client removes",
    async () => {
      const [kind] = KINDS;
      const found = await send(plane.client, get(kind, { name }));
      const webhooks = found.webhooks?.map((entry) => ({
        ...entry,
        namespaceSelector: { matchExpressions: REQUIREMENTS },
      })) ?? [];
      await send(plane.client, update(kind, { name, body: { ...found, webhooks } }));
      await eventually(async () => {
        const { webhooks = [] } = await send(plane.client, get(kind, { name }));
        return webhooks.filter(({ name }) => name.includes(".pods.")).every((entry) =>
          entry.namespaceSelector.matchExpressions?.some(({ values }) =>
            values?.includes("sidecarset-system")
          )
        );
      }, { what: "the controller's own namespace is excluded again" });
      assert.doesNotMatch(controller.log(), /keeps changing/);
    },
  );
});
