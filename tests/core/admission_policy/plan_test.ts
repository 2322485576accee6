import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../../lib/api/names.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { policySets } from "../../../lib/core/admission_policy/members.ts";
import { type MechanismInput, planMechanisms } from "../../../lib/core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { prepared } from "../inject/fixtures.ts";

function byPolicy(name: string, spec: SidecarSetSpec = {}): PreparedSidecarSet {
  return prepared(name, {
    containers: [{ name, image: "agent:1" }],
    ...spec,
    injectionStrategy: { ...spec.injectionStrategy, mechanism: "Policy" },
  });
}

function byWebhook(name: string, spec: SidecarSetSpec = {}): PreparedSidecarSet {
  return prepared(name, { containers: [{ name, image: "agent:1" }], ...spec });
}

function plan(sidecarSets: readonly PreparedSidecarSet[], more: Partial<MechanismInput> = {}) {
  return planMechanisms({
    sidecarSets,
    revisionsOf: () => [],
    excludedNamespaces: ["kube-system"],
    ...more,
  });
}

const reasonsOf = ({ webhook }: ReturnType<typeof plan>) =>
  Object.fromEntries([...webhook].map(([name, { reason }]) => [name, reason]));
const namesIn = ({ policy }: ReturnType<typeof plan>) => [...policy.keys()];

Deno.test("a policy injects the SidecarSets that ask for it, in the order of their names", () => {
  const planned = plan([byPolicy("b"), byPolicy("a"), byWebhook("0")]);
  assert.deepEqual(namesIn(planned), ["a", "b"]);
  assert.deepEqual([...planned.webhook], []);
  assert.deepEqual(policySets(planned.mutatingAdmissionPolicy), planned.policy);
  assert.deepEqual(planned, plan([byPolicy("a"), byPolicy("b"), byWebhook("0")]));
});

Deno.test("there is no policy without a SidecarSet that needs it", () => {
  const paused = byPolicy("paused", { injectionStrategy: { paused: true } });
  const planned = plan([byWebhook("a"), paused]);
  assert.equal(planned.mutatingAdmissionPolicy, undefined);
  assert.equal(planned.binding, undefined);
  assert.deepEqual([...planned.policy, ...planned.webhook], []);
});

const sidecar = { name: "agent", image: "agent:1" };
const unsupported: [what: string, spec: SidecarSetSpec, field: string][] = [
  ["Fail", { failurePolicy: "Fail" }, "spec.failurePolicy"],
  ["Replace", { conflictPolicy: "Replace" }, "spec.conflictPolicy"],
  ["shared mounts", {
    containers: [{ ...sidecar, shareVolumePolicy: { type: "enabled" } }],
  }, "spec.containers[agent].shareVolumePolicy"],
  ["shared devices", {
    initContainers: [{ ...sidecar, shareVolumeDevicePolicy: { type: "enabled" } }],
  }, "spec.initContainers[agent].shareVolumeDevicePolicy"],
  ["transferred variables", {
    containers: [{ ...sidecar, transferEnv: [{ sourceContainerName: "main", envName: "A" }] }],
  }, "spec.containers[agent].transferEnv"],
  ["computed resources", {
    containers: [{
      ...sidecar,
      resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: { limits: { cpu: "cpu" } } },
    }],
  }, "spec.containers[agent].resourcesPolicy"],
  ["a hot upgrade", {
    containers: [{
      ...sidecar,
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    }],
  }, "spec.containers[agent].upgradeStrategy"],
  ["HostProcess containers", {
    containers: [{ ...sidecar, securityContext: { windowsOptions: { hostProcess: true } } }],
  }, "spec.containers[agent].securityContext.windowsOptions.hostProcess"],
  ["a field of a newer Kubernetes", {
    containers: [{ ...sidecar, livenessProbe: { telepathy: {} } }],
  }, "spec.containers[0].livenessProbe.telepathy"],
  ["a field of a container that came after policies", {
    containers: [{ ...sidecar, livenessProbe: { httpGet: { port: 80, protocol: "HTTP2" } } }],
  }, "spec.containers[agent]"],
  ["a field of a volume that came after policies", {
    containers: [{ ...sidecar, volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{
      name: "v",
      secret: { secretName: "s", items: [{ key: "a", path: "a", user: 1 }] },
    }],
  }, "spec.volumes[v]"],
  ["merged annotations", {
    patchPodMetadata: [{ annotations: { a: "{}" }, patchPolicy: "MergePatchJson" }],
  }, "spec.patchPodMetadata[0].patchPolicy"],
  ["labels for Pods", {
    patchPodMetadata: [{ labels: { team: "x" } }],
  }, "spec.patchPodMetadata[0].labels"],
  ["patches of the Pod's containers", {
    patchContainers: [{ env: [{ name: "A", value: "1" }] }],
  }, "spec.patchContainers"],
  ["annotations that are records", {
    patchPodMetadata: [{ annotations: { "kruise.io/sidecarset-hash": "{}" } }],
  }, "spec.patchPodMetadata[0].annotations"],
  ["no sidecars", { containers: [] }, "spec.containers"],
  ["pull secrets without a name", { imagePullSecrets: [{}] }, "spec.imagePullSecrets"],
  ["a share of Pods at an older revision", {
    injectionStrategy: { revision: { revisionName: "a-1", policy: "Partial" } },
  }, "spec.injectionStrategy.revision.policy"],
];

for (const [what, spec, field] of unsupported) {
  Deno.test(`a SidecarSet with ${what} stays with the webhook, and the field is named`, () => {
    const revision: ControllerRevision = {
      metadata: {
        name: "a-1",
        labels: { "kruise.io/sidecarset-name": "a" },
        annotations: { "kruise.io/sidecarset-hash": "h" },
      },
      data: { spec: { containers: [sidecar] } },
      revision: 1,
    };
    const { policy, webhook } = plan([byPolicy("a", spec)], { revisionsOf: () => [revision] });
    assert.deepEqual([...policy], []);
    assert.equal(webhook.get("a")?.reason, "PolicyUnsupported");
    assert.equal(webhook.get("a")?.subject, field, webhook.get("a")?.message);
  });
}

Deno.test("a pinned revision that is missing leaves the SidecarSet to the webhook, which explains it", () => {
  const pinned = byPolicy("a", { injectionStrategy: { revision: { revisionName: "gone" } } });
  assert.deepEqual(reasonsOf(plan([pinned])), { a: "RevisionNotFound" });
});

Deno.test("containers stay in the order of the names next to SidecarSets of the webhook", async (t) => {
  const after = {
    containers: [{ name: "x", image: "x:1", podInjectPolicy: "AfterAppContainer" as const }],
  };
  const init = (name: string) => ({ containers: [], initContainers: [{ name, image: "i:1" }] });
  const cases: [string, PreparedSidecarSet[], { policy: string[] }][] = [
    ["before the Pod's, a later name can be the policy's", [byWebhook("a"), byPolicy("b")], {
      policy: ["b"],
    }],
    ["before the Pod's, an earlier name cannot", [byPolicy("a"), byWebhook("b")], { policy: [] }],
    ["after the Pod's, an earlier name can", [
      byPolicy("a", after),
      byWebhook("b", {
        containers: [{ ...sidecar, podInjectPolicy: "AfterAppContainer" }],
      }),
    ], { policy: ["a"] }],
    ["on both sides nothing is out of order", [byPolicy("a"), byWebhook("b", after)], {
      policy: ["a"],
    }],
    ["init containers go by their own names", [
      byPolicy("z", init("a")),
      byWebhook("y", init("b")),
    ], { policy: ["z"] }],
    ["init containers out of order", [byPolicy("a", init("d")), byWebhook("b", init("c"))], {
      policy: [],
    }],
    ["Pods that both select do not exist", [
      byPolicy("a"),
      byWebhook("b", { selector: { matchLabels: { app: "other" } } }),
    ], { policy: ["a"] }],
    ["one that goes to the webhook takes the one before it along", [
      byPolicy("a"),
      byPolicy("b"),
      byWebhook("c"),
    ], { policy: [] }],
  ];
  for (const [what, sidecarSets, expected] of cases) {
    await t.step(what, () => {
      const planned = plan(sidecarSets);
      assert.deepEqual(namesIn(planned), expected.policy);
      for (const { reason } of planned.webhook.values()) {
        assert.equal(reason, "PolicyOrderConflict");
      }
    });
  }
});

Deno.test("SidecarSets whose decisions depend on each other stay with the webhook", async (t) => {
  const port = { containers: [{ name: "p", image: "p:1", ports: [{ containerPort: 80 }] }] };
  const volume = (source: object, name: string) => ({
    containers: [{ name, image: "v:1", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", ...source }],
  });
  const mounting = {
    containers: [{ name: "m", image: "m:1", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
  };
  const canary = prepared("a-canary", {
    containers: [{ name: "agent", image: "agent:2" }],
    injectionStrategy: { mechanism: "Policy" },
  }, { annotations: { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: "a" } });
  const pairs: [string, PreparedSidecarSet, PreparedSidecarSet, stays: boolean][] = [
    [
      "one container name",
      byPolicy("a", { containers: [sidecar] }),
      byPolicy("b", {
        containers: [sidecar],
      }),
      false,
    ],
    [
      "one port",
      byPolicy("a", port),
      byPolicy("b", {
        containers: [{ ...sidecar, ports: [{ containerPort: 8080, hostPort: 80 }] }],
      }),
      false,
    ],
    [
      "one annotation",
      byPolicy("a", { patchPodMetadata: [{ annotations: { n: "1" } }] }),
      byPolicy(
        "b",
        { patchPodMetadata: [{ annotations: { n: "2" } }] },
      ),
      false,
    ],
    [
      "one volume of two sources",
      byPolicy("a", volume({ emptyDir: {} }, "x")),
      byPolicy(
        "b",
        volume({ secret: { secretName: "s" } }, "y"),
      ),
      false,
    ],
    [
      "equal volumes",
      byPolicy("a", volume({ emptyDir: {} }, "x")),
      byPolicy(
        "b",
        volume({ emptyDir: {} }, "y"),
      ),
      true,
    ],
    [
      "a volume that the other mounts from the Pod",
      byPolicy("a", volume({ emptyDir: {} }, "x")),
      byPolicy(
        "b",
        mounting,
      ),
      false,
    ],
    ["a canary and its base", byPolicy("a"), canary, false],
  ];
  for (const [what, a, b, stays] of pairs) {
    await t.step(what, () => {
      const planned = plan([a, b]);
      assert.deepEqual(namesIn(planned), stays ? [a.name, b.name] : []);
      const reason = "PolicyOrderConflict";
      assert.deepEqual(reasonsOf(planned), stays ? {} : { [a.name]: reason, [b.name]: reason });
    });
  }
});

Deno.test("SidecarSets beyond the policy's size go to the webhook by their names", () => {
  const names = Array.from({ length: 203 }, (_, i) => `s${String(i).padStart(3, "0")}`);
  const sets = names.map((name) => byPolicy(name, { selector: { matchLabels: { app: name } } }));
  const planned = plan(sets.toReversed());
  assert.deepEqual(namesIn(planned), names.slice(0, 200));
  assert.deepEqual(Object.keys(reasonsOf(planned)), names.slice(200));
  assert.deepEqual(new Set(Object.values(reasonsOf(planned))), new Set(["PolicyTooLarge"]));
  const large = byPolicy("large", {
    containers: [{ ...sidecar, command: ["x".repeat(95_000)] }],
  });
  assert.deepEqual(reasonsOf(plan([large])), { large: "PolicyTooLarge" });
  const noted = ["n1", "n2", "n3"].map((name) =>
    byPolicy(name, {
      selector: { matchLabels: { app: name } },
      patchPodMetadata: [{ annotations: { [name]: "x".repeat(80_000) } }],
    })
  );
  assert.deepEqual(reasonsOf(plan(noted)), { n3: "PolicyTooLarge" });
});

Deno.test("the key of a SidecarSet changes with everything that the policy does for it, and with nothing else", () => {
  const keyOf = (set: PreparedSidecarSet) => plan([set]).policy.get("a");
  const first = keyOf(byPolicy("a"));
  assert.equal(keyOf(byPolicy("a", { updateStrategy: { paused: true } })), first);
  const changed = [
    byPolicy("a", { containers: [{ name: "a", image: "agent:2" }] }),
    byPolicy("a", { namespace: "shop" }),
    byPolicy("a", { patchPodMetadata: [{ annotations: { n: "1" } }] }),
    byPolicy("a", { imagePullSecrets: [{ name: "s" }] }),
    { ...byPolicy("a"), revisionName: "a-1" },
  ].map(keyOf);
  assert.equal(new Set([first, ...changed]).size, changed.length + 1);
});

Deno.test("the records have the time of the revision, as a policy knows no clock", () => {
  const revision: ControllerRevision = {
    metadata: { name: "a-1", creationTimestamp: "2026-02-03T04:05:06Z" },
    revision: 1,
  };
  const planned = plan([{ ...byPolicy("a"), revisionName: "a-1" }], {
    revisionsOf: () => [revision],
  });
  assert.match(JSON.stringify(planned.mutatingAdmissionPolicy), /2026-02-03T04:05:06Z/);
});
