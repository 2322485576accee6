import assert from "node:assert/strict";
import type { KubeEvent, KubeObject } from "../../lib/api/objects.ts";
import { get, list, patch } from "../../lib/kube/requests.ts";
import { type Resource, resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { metricsOf } from "../support/metrics.ts";
import { conditionOf, createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

const MANAGER = "argocd-controller";
/** How long another controller fights, and how often it looks, in milliseconds. */
const CONTENTION_MS = 18_000;
const INTERVAL_MS = 100;

interface Foreign<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly name: string;
  readonly subresource?: "status";
  /** What the other controller writes over and over; it changes the object only if that differs from what is there. */
  readonly body: object;
}

/** Another controller that insists on its own state of an object. @returns how often that had been changed back */
async function insist<T extends KubeObject>(
  { client }: ControlPlane,
  { resource, ...foreign }: Foreign<T>,
): Promise<number> {
  const versions = new Set<string | undefined>();
  for (const end = performance.now() + CONTENTION_MS; performance.now() < end;) {
    const request = patch(resource, { ...foreign, type: "merge", fieldManager: MANAGER });
    versions.add((await send(client, request)).metadata.resourceVersion);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
  return versions.size - 1;
}

async function eventOn(plane: ControlPlane, kind: string): Promise<KubeEvent> {
  return await eventually(async () => {
    const { items } = await send(plane.client, list(resources.events, { namespace: "default" }));
    return items.find(({ reason, regarding }) =>
      reason === "Overwritten" && regarding.kind === kind
    );
  }, { what: `there is an event Overwritten on a ${kind}` });
}

Deno.test("other controllers that keep changing back what the controller writes", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await using controller = await installAndStart(plane);
  const containers = [{ name: "agent", image: "agent:1" }];
  const selector = { matchLabels: { app: "web" } };
  await createSidecarSet(plane, "web", { selector, containers });

  const repairCount = async (kind: string) => {
    const { sidecarset_repairs_total: series = new Map<string, number>() } = Object.fromEntries(
      await metricsOf(controller),
    );
    return series.get(`kind="${kind}",manager="${MANAGER}"`) ?? 0;
  };

  await t.step("a status is repaired with growing delays", async () => {
    const count = await insist(plane, {
      resource: resources.sidecarSets,
      name: "web",
      subresource: "status",
      body: { status: { matchedPods: 7 } },
    });
    assert.ok(count >= 3 && count <= 6, `${count} repairs`);
    assert.equal(await repairCount("SidecarSet"), count);
    const { note } = await eventOn(plane, "SidecarSet");
    assert.match(note, new RegExp(MANAGER));
    await untilSidecarSet(plane, "web", {
      what: "is right again in the end",
      is: ({ status }) => status?.matchedPods === 0,
    });
  });

  await t.step("so is the registration, and every SidecarSet says whose work that is", async () => {
    const registration = async () => {
      const request = get(resources.mutatingWebhookConfigurations, { name: "sidecarset" });
      return (await send(plane.client, request)).webhooks ?? [];
    };
    const webhooks = (await registration()).map((entry) => ({ ...entry, timeoutSeconds: 1 }));
    const count = await insist(plane, {
      resource: resources.mutatingWebhookConfigurations,
      name: "sidecarset",
      body: { webhooks },
    });
    assert.ok(count >= 3 && count <= 6, `${count} repairs`);
    assert.equal(await repairCount("MutatingWebhookConfiguration"), count);
    const { note } = await eventOn(plane, "MutatingWebhookConfiguration");
    assert.match(note, new RegExp(MANAGER));
    const found = await untilSidecarSet(plane, "web", {
      what: "is not ready",
      is: (found) => conditionOf(found, "Ready")?.reason === "Overwritten",
    });
    assert.match(
      conditionOf(found, "Ready")?.message ?? "",
      /argocd-controller keeps changing MutatingWebhookConfiguration sidecarset/,
    );
    await eventually(
      async () => (await registration()).every(({ timeoutSeconds }) => timeoutSeconds > 1),
      { what: "the registration is right again" },
    );
  });
});
