import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import {
  installationObjects,
  type InstallationOptions,
} from "../../lib/cli/manifests/installation.ts";
import { get, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { ARCHIVE_IMAGE, helm, helmOutput, renderChart } from "../support/helm.ts";
import { untilEstablished } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

const NAMESPACE = "sidecarset-system";
const CHART_LABELS = [
  "app.kubernetes.io/instance",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/name",
  "app.kubernetes.io/version",
  "helm.sh/chart",
];

type Plain = Record<string, unknown>;

/** The object without what a chart adds to every object, by what identifies it. */
function comparable(object: Plain): [string, Plain] {
  const metadata = isObject(object.metadata) ? object.metadata : {};
  const { labels, annotations, ...rest } = metadata;
  const kept = isObject(labels)
    ? Object.entries(labels).filter(([key]) => !CHART_LABELS.includes(key))
    : [];
  const noted = isObject(annotations)
    ? Object.entries(annotations).filter(([key]) => key !== "helm.sh/resource-policy")
    : [];
  const plain = {
    ...object,
    metadata: {
      ...rest,
      ...(kept.length > 0 ? { labels: Object.fromEntries(kept) } : {}),
      ...(noted.length > 0 ? { annotations: Object.fromEntries(noted) } : {}),
    },
  };
  return [`${object.kind}/${metadata.namespace ?? ""}/${metadata.name}`, plain];
}

function byIdentity(objects: readonly Plain[]): Plain {
  return Object.fromEntries(objects.map(comparable).sort(([a], [b]) => a < b ? -1 : 1));
}

const VARIANTS: readonly [string, InstallationOptions, Plain][] = [
  ["nothing chosen", {}, {}],
  ["another namespace", { namespace: "other" }, {}],
  ["another image and 5 replicas", { image: "example.com/own:2", replicas: 5 }, {
    image: { repository: "example.com/own", tag: "2" },
    replicas: 5,
  }],
  ["a pull Secret", { imagePullSecret: "pull" }, {
    image: { repository: "sidecarset", tag: "latest", pullSecrets: ["pull"] },
  }],
  ["cert-manager", { certManager: true }, { certManager: { enabled: true } }],
  ["OpenKruise", { openkruise: true }, { openkruise: { enabled: true } }],
  ["both policies in another namespace", {
    namespace: "other",
    restrictController: true,
    restrictAuthors: true,
  }, { restrictController: { enabled: true }, restrictAuthors: { enabled: true } }],
  ["the Prometheus operator", { prometheusOperator: true }, {
    podMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  }],
  ["labels that a Prometheus and a Grafana select by, in another namespace", {
    namespace: "other",
    prometheusOperator: true,
    monitorLabels: { release: "prometheus" },
    dashboardLabels: { dashboards: "yes" },
  }, {
    podMonitor: { enabled: true, labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, labels: { release: "prometheus" } },
    dashboard: { enabled: true, labels: { grafana_dashboard: null, dashboards: "yes" } },
  }],
];

for (const [name, options, values] of VARIANTS) {
  Deno.test(`the chart and sidecarset manifests make the same objects with ${name}`, async () => {
    const rendered = await renderChart(options.namespace ?? NAMESPACE, {
      image: { repository: "sidecarset", tag: "latest" },
      revisionHistoryLimit: 10,
      ...values,
    });
    const printed = installationObjects(options).filter(({ kind }) => kind !== "Namespace");
    const expected = byIdentity(JSON.parse(JSON.stringify(printed)));
    for (const object of Object.values(expected)) {
      if (isObject(object) && object.kind === "Deployment" && isObject(object.spec)) {
        object.spec.revisionHistoryLimit = 10;
      }
    }
    assert.deepEqual(byIdentity(rendered), expected);
  });
}

Deno.test("the chart's values reach the Deployment", async () => {
  const objects = await renderChart("elsewhere", {
    image: { repository: "r", digest: `sha256:${"0".repeat(64)}` },
    tolerations: [{ key: "infra", operator: "Exists" }],
    affinity: { nodeAffinity: {} },
    nodeSelector: { pool: "infra" },
    priorityClassName: "",
    podLabels: { team: "platform" },
    podAnnotations: { note: "yes" },
    extraArgs: ["--writes-per-second=400"],
    extraEnv: [
      { name: "OTEL_DENO", value: "true" },
      { name: "DENO_V8_FLAGS", value: "--max-old-space-size=768" },
    ],
    networkPolicy: { extraEgressPorts: [4318] },
    openkruise: { enabled: true, namespace: "kruise" },
    podMonitor: { enabled: true, labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, runbookBase: "https://git.example.com/main/" },
    dashboard: { enabled: true },
  });
  const byKind = (kind: string) => JSON.parse(JSON.stringify(objects.find((o) => o.kind === kind)));
  const { template } = byKind("Deployment").spec;
  const [container] = template.spec.containers;
  assert.equal(container.image, `r@sha256:${"0".repeat(64)}`);
  assert.deepEqual(container.args, [
    "controller",
    "--openkruise-namespace=kruise",
    "--writes-per-second=400",
  ]);
  const names = container.env.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, [
    "POD_NAMESPACE",
    "DENO_USE_CGROUPS",
    "MALLOC_ARENA_MAX",
    "MALLOC_TRIM_THRESHOLD_",
    "OTEL_DENO",
    "DENO_V8_FLAGS",
  ]);
  assert.equal(container.env.at(-1).value, "--max-old-space-size=768");
  assert.deepEqual(template.spec.nodeSelector, { "kubernetes.io/os": "linux", pool: "infra" });
  assert.deepEqual(template.spec.tolerations, [{ key: "infra", operator: "Exists" }]);
  assert.equal(template.spec.priorityClassName, undefined);
  assert.deepEqual(template.metadata, {
    annotations: { note: "yes" },
    labels: { "app.kubernetes.io/name": "sidecarset", team: "platform" },
  });
  const [{ ports }] = byKind("NetworkPolicy").spec.egress;
  assert.deepEqual(ports.at(-1), { port: 4318, protocol: "TCP" });
  assert.equal(byKind("PodMonitor").metadata.labels.release, "prometheus");
  const [{ rules }] = byKind("PrometheusRule").spec.groups;
  assert.match(
    rules[0].annotations.runbook_url,
    /^https:\/\/git\.example\.com\/main\/manifests\/docs\/troubleshooting\.md#\w+$/,
  );
  assert.equal(JSON.parse(byKind("ConfigMap").data["sidecarset.json"]).title.length > 0, true);
});

const REFUSED_VALUES: readonly [Plain, RegExp][] = [
  [{ replica: 3 }, /at '': additional properties 'replica' not allowed/],
  [{ image: { tags: "1" } }, /at '\/image': additional properties 'tags'/],
  [{ replicas: 0 }, /at '\/replicas': minimum/],
  [{ image: { digest: "1" } }, /at '\/image\/digest': '1' does not match/],
  [{ extraArgs: ["omit-defaults"] }, /at '\/extraArgs\/0': 'omit-defaults' does not match/],
  [{ extraEnv: [{ nme: "A" }] }, /at '\/extraEnv\/0': missing property 'name'/],
  [
    { prometheusRule: { runbookBase: "https://example.com" } },
    /at '\/prometheusRule\/runbookBase'/,
  ],
];

Deno.test("the chart passes helm lint, and refuses wrong values by their path", async () => {
  for (const form of ["{chart}", "{archive}"]) await helmOutput(["lint", "--strict", form]);
  for (const [values, message] of REFUSED_VALUES) {
    const refused = await helm(["template", "release", "{chart}"], { values });
    assert.equal(refused.success, false, JSON.stringify(values));
    assert.match(refused.stderr, message);
  }
});

Deno.test("the chart's archive of a release is the chart with the release's image", async () => {
  const released = await helmOutput(["template", "release", "{archive}"]);
  const values = { image: { repository: ARCHIVE_IMAGE } };
  assert.equal(released, await helmOutput(["template", "release", "{chart}"], { values }));
  assert.match(released, new RegExp(`image: "?${ARCHIVE_IMAGE}:`));
});

Deno.test("the chart is installed, upgraded, rolled back and uninstalled on a real control plane", async () => {
  await using plane = await startControlPlane();
  const options = (values: object = {}) => ({ kubeconfig: plane.kubeconfig, values });
  const replicasOf = () =>
    kubectlOutput(
      ["get", "deployment", "sidecarset", "-n", NAMESPACE, "-o", "jsonpath={.spec.replicas}"],
      plane,
    );
  const target = ["release", "{chart}", "-n", NAMESPACE];
  const released = target.map((arg) => arg === "{chart}" ? "{archive}" : arg);
  await helmOutput(["install", ...released, "--create-namespace"], options());
  await untilEstablished(plane, ["sidecarsets.apps.kruise.io"]);
  assert.equal(await replicasOf(), "2");
  {
    await using _controller = await startController({ kubeconfig: plane.controllerKubeconfig });
    await createSidecarSet(plane, "agent", {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:1" }],
    });
    const pod = await new ClusterPods(plane.client).create("web", {
      labels: { app: "web" },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    });
    assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["agent", "main"]);
  }
  await helmOutput(["upgrade", ...target], options({ replicas: 3 }));
  assert.equal(await replicasOf(), "3");
  await helmOutput(["rollback", "release", "1", "-n", NAMESPACE], options());
  assert.equal(await replicasOf(), "2");
  await helmOutput(["uninstall", "release", "-n", NAMESPACE], options());
  const { items } = await send(plane.client, list(resources.sidecarSets));
  assert.deepEqual(items.map(({ metadata }) => metadata.name), ["agent"]);
  const roles = await kubectlOutput(["get", "clusterrole", "-o", "name"], plane);
  assert.doesNotMatch(roles, /sidecarset/);
  await send(plane.client, get(resources.sidecarSets, { name: "agent" }));
});
