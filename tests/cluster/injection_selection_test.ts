import assert from "node:assert/strict";
import type { LabelSelector } from "../../lib/api/meta.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { get, patch } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { eventually } from "../support/eventually.ts";
import { InjectionCluster, namesOf } from "../support/injection.ts";
import { patchSidecarSet } from "../support/sidecarsets.ts";

/** As the controller's own namespace wants its Pods. */
const restricted = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [{
    name: "main",
    image: "main:1",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  }],
};

/** Brings one container with the SidecarSet's name. */
function bringing(
  name: string,
  selection: Partial<SidecarSetSpec>,
): Record<string, SidecarSetSpec> {
  return { [name]: { ...selection, containers: [{ name, image: `${name}:1` }] } };
}

const requiring = (...matchExpressions: NonNullable<LabelSelector["matchExpressions"]>) => ({
  selector: { matchExpressions },
});

Deno.test("which Pods are selected through the API server", async (t) => {
  await using cluster = await InjectionCluster.start({ args: ["--exclude-namespaces", "secret"] });
  const { client } = cluster.plane;
  await cluster.createNamespace("shop", { env: "live" });
  await cluster.createNamespace("bank", { env: "test" });
  await cluster.createNamespace("plain");
  await cluster.createNamespace("secret", { env: "live" });
  const live = { matchLabels: { env: "live" } };
  await cluster.createReady({
    ...bringing("in", requiring({ key: "tier", operator: "In", values: ["web", "api"] })),
    ...bringing(
      "not-in",
      requiring(
        { key: "team", operator: "Exists" },
        { key: "team", operator: "NotIn", values: ["red"] },
      ),
    ),
    ...bringing(
      "absent",
      requiring(
        { key: "kind", operator: "Exists" },
        { key: "opt-out", operator: "DoesNotExist" },
      ),
    ),
    ...bringing("only-absent", {
      ...requiring({ key: "labelled", operator: "DoesNotExist" }),
      namespace: "plain",
    }),
    ...bringing("everything-live", { selector: {}, namespaceSelector: live }),
    ...bringing("named", { selector: { matchLabels: { app: "named" } }, namespace: "bank" }),
    ...bringing("both", {
      selector: { matchLabels: { app: "both" } },
      namespace: "shop",
      namespaceSelector: live,
    }),
  });
  let serial = 0;
  /** What a new Pod with these labels gets. */
  const injected = async (labels: Record<string, string>, namespace = "bank") => {
    const pods = new ClusterPods(client, namespace);
    const pod = await pods.create(`pod-${serial++}`, { labels, spec: restricted });
    return namesOf(pod.spec.containers).filter((name) => name !== "main");
  };

  for (
    const [what, labels, namespace, expected] of [
      ["In takes each of its values", { tier: "web" }, "bank", ["in"]],
      ["In takes no other value", { tier: "db" }, "bank", []],
      ["NotIn takes other values", { team: "blue" }, "bank", ["not-in"]],
      ["NotIn leaves its values out", { team: "red" }, "bank", []],
      ["DoesNotExist takes what lacks the label", { kind: "a" }, "bank", ["absent"]],
      ["DoesNotExist leaves out what has it", { kind: "a", "opt-out": "" }, "bank", []],
      ["a Pod without labels may be selected", {}, "plain", ["only-absent"]],
      ["an empty selector takes every Pod of its namespaces", {}, "shop", ["everything-live"]],
      ["an empty selector takes no Pod of other namespaces", {}, "bank", []],
      ["namespace takes its Pods", { app: "named" }, "bank", ["named"]],
      ["namespace takes no other Pods", { app: "named" }, "shop", ["everything-live"]],
      ["namespace and namespaceSelector hold", { app: "both" }, "shop", [
        "both",
        "everything-live",
      ]],
      ["several are injected in order", { tier: "api", team: "blue" }, "bank", ["in", "not-in"]],
      ["excluded namespaces are left alone", { tier: "web" }, "secret", []],
      ["the controller's own namespace is left alone", { tier: "web" }, "sidecarset-system", []],
    ] as [string, Record<string, string>, string, string[]][]
  ) {
    await t.step(what, async () => assert.deepEqual(await injected(labels, namespace), expected));
  }

  await t.step("a Pod in a namespace that is only just there is injected", async () => {
    await cluster.createNamespace("fresh", { env: "live" });
    assert.deepEqual(await injected({}, "fresh"), ["everything-live"]);
  });

  await t.step("a namespace's changed label counts for new Pods", async () => {
    assert.deepEqual(await injected({ app: "both" }, "shop"), ["both", "everything-live"]);
    const label = (env: string) =>
      send(
        client,
        patch(resources.namespaces, {
          name: "shop",
          type: "merge",
          body: { metadata: { labels: { env } } },
        }),
      );
    const changes = async (env: string, expected: string[]) => {
      await label(env);
      await eventually(async () => {
        const got = await injected({ app: "both" }, "shop");
        return JSON.stringify(got) === JSON.stringify(expected);
      }, { what: `a Pod of a namespace labelled env=${env} gets ${expected}` });
    };
    await changes("test", []);
    await changes("live", ["both", "everything-live"]);
  });

  await t.step("a changed selector counts once the SidecarSet is ready again", async () => {
    await patchSidecarSet(cluster.plane, "named", {
      selector: { matchLabels: { app: "renamed" } },
    });
    await cluster.untilReady("named");
    assert.deepEqual(await injected({ app: "named" }), []);
    assert.deepEqual(await injected({ app: "renamed" }), ["named"]);
  });

  await t.step("a Pod that nothing selects costs no call", async () => {
    const registration = await send(
      client,
      get(resources.mutatingWebhookConfigurations, { name: "sidecarset" }),
    );
    const scopes = registration.webhooks?.filter(({ name }) => name.includes(".pods."))
      .map(({ namespaceSelector, matchConditions }) => ({
        narrowed: matchConditions?.some(({ name }) => name === "selected"),
        live: namespaceSelector.matchExpressions?.some(({ key }) => key === "env"),
      }));
    assert.ok(scopes?.some(({ narrowed, live }) => live && !narrowed), "the empty selector's");
    assert.ok(scopes?.every(({ narrowed, live }) => live || narrowed));
    const reviews = async () => {
      const metrics = await (await fetch(`${cluster.controller.healthUrl}/metrics`)).text();
      const line = /webhook_requests_total\{webhook="\/mutate-pod",code="200"\} (\d+)/;
      return Number(line.exec(metrics)?.[1]);
    };
    const before = await reviews();
    assert.deepEqual(await injected({ "not-selected": "by-any" }), []);
    assert.equal(await reviews(), before);
    assert.deepEqual(await injected({ tier: "web" }), ["in"]);
    assert.equal(await reviews(), before + 1);
  });
});
