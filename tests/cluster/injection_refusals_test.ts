import assert from "node:assert/strict";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../lib/api/names.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { InjectionCluster, namesOf, selecting } from "../support/injection.ts";
import { kubectl } from "../support/kubectl.ts";
import { getSidecarSet, patchSidecarSet } from "../support/sidecarsets.ts";

const agent = { name: "agent", image: "agent:1" };
const MIB = 2 ** 20;

/** A spec with one container, which has something wrong. */
const bringing = (container: object) => ({
  ...selecting("bad"),
  containers: [{ ...agent, name: "bad", ...container }],
});

const transferring = (source: object) => bringing({ transferEnv: [{ envName: "A", ...source }] });

const computing = (policy: object) =>
  bringing({
    resourcesPolicy: {
      targetContainersMode: "sum",
      resourcesExpr: { limits: { cpu: "cpu" } },
      ...policy,
    },
  });

const limiting = (list: object) => computing({ resourcesExpr: { limits: list } });

/** What is wrong, the spec, and a field that must be named. */
const REFUSED: readonly (readonly [what: string, spec: object, field: string])[] = [
  ["transferEnv without a source", transferring({}), "transferEnv[0].sourceContainerName"],
  [
    "a source without a reference",
    transferring({ sourceContainerNameFrom: {} }),
    "transferEnv[0].sourceContainerNameFrom.fieldRef",
  ],
  [
    "a reference without a path",
    transferring({ sourceContainerNameFrom: { fieldRef: {} } }),
    "transferEnv[0].sourceContainerNameFrom.fieldRef",
  ],
  ["a division by zero", limiting({ cpu: "1/0" }), "resourcesExpr.limits.cpu"],
  ["an unknown suffix", limiting({ memory: "100MB" }), "resourcesExpr.limits.memory"],
  [
    "a regular expression that would have to backtrack",
    computing({ targetContainersNameRegex: "(a)\\1" }),
    "targetContainersNameRegex",
  ],
  [
    "a regular expression that would take all memory",
    computing({ targetContainersNameRegex: "(((a{30}){30}){30}){30}" }),
    "targetContainersNameRegex",
  ],
  [
    "a regular expression that is too long",
    computing({ targetContainersNameRegex: "(a|b)*".repeat(1000) }),
    "targetContainersNameRegex",
  ],
  [
    "10,000 containers",
    {
      ...selecting("bad"),
      containers: Array.from({ length: 10_000 }, (_, i) => ({ ...agent, name: `c-${i}` })),
    },
    "spec.containers",
  ],
  [
    "a hot upgrade without an idle image",
    bringing({ upgradeStrategy: { upgradeType: "HotUpgrade" } }),
    "upgradeStrategy",
  ],
  ["an unknown policy", bringing({ podInjectPolicy: "Unknown" }), "podInjectPolicy"],
  ["no selector", { containers: [agent] }, "spec.selector"],
  ["an empty selector", { selector: {}, containers: [agent] }, "spec.selector"],
  [
    "an empty selector with a namespace alone",
    { selector: {}, namespace: "shop", containers: [agent] },
    "spec.selector",
  ],
  ["no container", selecting("bad"), "spec"],
  [
    "a custom version that is no label",
    { ...selecting("bad"), containers: [agent], customVersion: "not good!" },
    "spec.customVersion",
  ],
  [
    "a mount without a volume",
    bringing({ volumeMounts: [{ name: "nowhere", mountPath: "/x" }] }),
    "volumeMounts[0].name",
  ],
  [
    "a container that another SidecarSet brings to the same Pods",
    { ...selecting("first"), containers: [agent] },
    "spec.containers[0].name",
  ],
  [
    "an init container of the name of another's container",
    { ...selecting("first"), initContainers: [agent] },
    "spec.initContainers[0].name",
  ],
  [
    "a container of the name of another's hot-upgrade half",
    { ...selecting("first"), containers: [{ ...agent, name: "mesh-1" }] },
    "spec.containers[0].name",
  ],
  [
    "a revision that is another SidecarSet's",
    {
      ...selecting("bad"),
      containers: [agent],
      injectionStrategy: { revision: { revisionName: "REVISION-OF-FIRST" } },
    },
    "spec.injectionStrategy.revision.revisionName",
  ],
];

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  assert.fail("it was not refused");
}

/** Refused as invalid, with causes that name fields and say something. */
function assertInvalid(error: ApiError, field: string): void {
  assert.equal(error.httpCode, 422, error.message);
  assert.equal(error.reason, "Invalid");
  const causes = error.status?.details?.causes ?? [];
  assert.ok(
    causes.some((cause) => cause.field?.includes(field)),
    `expected ${field} of ${JSON.stringify(causes).slice(0, 2_000)}`,
  );
  assert.ok(causes.every(({ message = "" }) => message.length > 5), "each cause says something");
}

Deno.test("what is refused at the API server", async (t) => {
  await using cluster = await InjectionCluster.start();
  const { plane, controller } = cluster;
  const { client } = plane;
  const pods = new ClusterPods(client);
  const hot = { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" };
  await cluster.createReady({
    first: {
      ...selecting("first"),
      containers: [agent, { name: "mesh", image: "mesh:1", upgradeStrategy: hot }],
    },
  });
  const { pid } = controller;
  const { status } = await getSidecarSet(plane, "first");
  const revision = status?.latestRevision ?? "";
  assert.notEqual(revision, "");

  for (const [what, spec, field] of REFUSED) {
    await t.step(`${what} is refused with its field`, async () => {
      const text = JSON.stringify(spec).replace("REVISION-OF-FIRST", revision);
      assertInvalid(await refusal(cluster.createSidecarSet("bad", JSON.parse(text))), field);
    });
  }

  await t.step("all problems are reported at once, each with a remedy", async () => {
    const spec = {
      ...bringing({ ...limiting({ cpu: "1/0" }).containers[0], transferEnv: [{ envName: "A" }] }),
      namespaceSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["no good"] }] },
    };
    const input = JSON.stringify({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "bad" },
      spec,
    });
    const { code, stderr } = await kubectl(["apply", "-f", "-"], { ...plane, input });
    assert.notEqual(code, 0);
    for (
      const part of ['"bad" is invalid', "transferEnv[0]", "limits.cpu", "namespaceSelector"]
    ) {
      assert.ok(stderr.includes(part), `${part} in ${stderr}`);
    }
  });

  await t.step("a canary is made as one, of a SidecarSet that is none", async () => {
    const spec = {
      ...selecting("first"),
      updateStrategy: { type: "NotUpdate" },
      containers: [agent],
    };
    const canaryOf = (base: string) => ({
      annotations: { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: base },
    });
    const field = "metadata.annotations";
    assertInvalid(await refusal(cluster.createSidecarSet("bad", spec, canaryOf("none"))), field);
    assertInvalid(await refusal(cluster.createSidecarSet("bad", spec, canaryOf("bad"))), field);
    await cluster.createSidecarSet("canary", spec, canaryOf("first"));
    assertInvalid(
      await refusal(cluster.createSidecarSet("bad", spec, canaryOf("canary"))),
      field,
    );
  });

  await t.step(
    "an update is judged like a creation, and one that changes nothing is not",
    async () => {
      assertInvalid(await refusal(patchSidecarSet(plane, "first", { selector: null })), "selector");
      const { metadata: before } = await getSidecarSet(plane, "first");
      await patchSidecarSet(plane, "first", {});
      assert.equal((await getSidecarSet(plane, "first")).metadata.generation, before.generation);
    },
  );

  await t.step("a regular expression that is slow elsewhere is harmless", async () => {
    await cluster.createReady({
      slow: {
        ...selecting("slow"),
        containers: [{
          name: "slow",
          image: "slow:1",
          resourcesPolicy: {
            targetContainersMode: "sum",
            targetContainersNameRegex: "^(([a-z])+.)+[A-Z]([a-z])+$",
            resourcesExpr: { limits: { cpu: "cpu" } },
          },
        }],
      },
    });
    const name = "a".repeat(63);
    const spec = { containers: [{ name, image: "main:1" }] };
    const pod = await pods.create("slow", { labels: { app: "slow" }, spec });
    assert.equal(pod.spec.containers.length, 1);
    // With a regular expression that backtracks the process would not respond for hours.
    const alive = await fetch(`${controller.healthUrl}/healthz`);
    assert.equal(alive.ok, true, await alive.text());
  });

  await t.step("a Pod of 7 MiB is refused", async () => {
    const spec = { containers: [{ name: "main", image: "main:1", args: ["x".repeat(7 * MIB)] }] };
    const error = await refusal(pods.create("huge", { labels: { app: "first" }, spec }));
    assert.equal(error.httpCode, 413);

    const { webhooks } = await send(
      client,
      get(resources.mutatingWebhookConfigurations, { name: "sidecarset" }),
    );
    const { caBundle = "", url = "" } = webhooks?.[0]?.clientConfig ?? {};
    using trusting = Deno.createHttpClient({ caCerts: [atob(caBundle)] });
    for (const [body, status] of [["x".repeat(8 * MIB), 413], ["no JSON", 400]] as const) {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body, client: trusting });
      assert.match(await response.text(), /^.*Cannot .*$/s);
      assert.equal(response.status, status);
    }
  });

  await t.step("the process is as before, and serves", async () => {
    assert.equal(controller.pid, pid);
    const ready = await fetch(`${controller.healthUrl}/readyz`);
    assert.equal(ready.ok, true, await ready.text());
    assert.doesNotMatch(controller.log(), /"level":"error"/);
    const spec = { containers: [{ name: "main", image: "main:1" }] };
    const pod = await pods.create("last", { labels: { app: "first" }, spec });
    assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main"], "the canary's");
  });
});
