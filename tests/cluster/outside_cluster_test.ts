import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { METRICS } from "../../lib/runtime/metrics/catalogue.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { kubeconfigText } from "../support/kubeconfig.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { TraceCollector } from "../support/trace_collector.ts";

const manifests = new URL("../../manifests/", import.meta.url);
const NAMES =
  /\b(?:sidecarset|controller_runtime|workqueue|rest_client|leader_election|certwatcher|process)_\w+/g;
/** Labels that are there only once Prometheus has scraped the Pod. */
const SCRAPED = ["job", "pod"];

interface Rule {
  readonly expr: string;
  readonly annotations?: object;
}

/** What the alert rules and the dashboard ask Prometheus. */
async function readQueries(): Promise<{ expr: string; shown: string }[]> {
  const rules = parse(await Deno.readTextFile(new URL("monitoring/rules.yaml", manifests)));
  const dashboard = JSON.parse(
    await Deno.readTextFile(new URL("monitoring/dashboard.json", manifests)),
  );
  return [
    ...rules.spec.groups.flatMap((group: { rules: Rule[] }) => group.rules),
    ...dashboard.panels.flatMap((panel: { targets: Rule[] }) => panel.targets),
  ].map(({ expr, annotations = {} }: Rule) => ({ expr, shown: JSON.stringify(annotations) }));
}

function labelsIn(text: string): string[] {
  return [...text.matchAll(/(\w+)(?:=|!=|=~|!~)"/g)].map(([, label = ""]) => label);
}

/** A kubeconfig whose token comes from a program and, after the first seconds, is asked for again and again. */
async function pluginKubeconfig(plane: ControlPlane) {
  const { users } = parse(await Deno.readTextFile(plane.kubeconfig));
  const file = join(plane.folder, "plugin.kubeconfig");
  const runs = join(plane.folder, "plugin.runs");
  const credential = join(plane.folder, "plugin.credential");
  const apiVersion = "client.authentication.k8s.io/v1";
  const expirationTimestamp = new Date(Date.now() + 3_000).toISOString();
  const status = { token: users[0].user.token, expirationTimestamp };
  const answer = { apiVersion, kind: "ExecCredential", status };
  await Deno.writeTextFile(credential, JSON.stringify(answer));
  const args = ["-c", `echo run >>"${runs}"; cat "${credential}"`];
  const text = kubeconfigText({
    server: plane.url,
    ca: join(plane.folder, "pki", "apiserver.crt"),
    user: "developer",
    credentials: { exec: { apiVersion, command: "sh", args } },
  });
  await Deno.writeTextFile(file, text);
  const countRuns = async () => (await Deno.readTextFile(runs)).split("\n").length - 1;
  return { file, countRuns };
}

Deno.test("a controller runs outside a cluster that has no installation", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  const crd = new URL("crd.yaml", manifests).pathname;
  await kubectlOutput(["apply", "-f", crd], plane);
  const plugin = await pluginKubeconfig(plane);
  await using collector = new TraceCollector();
  await using controller = await startController({
    kubeconfig: plugin.file,
    // As in a company's network: nothing on this machine is behind that.
    env: { ...collector.env, HTTPS_PROXY: "http://192.0.2.1:3128" },
  });
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
    failurePolicy: "Fail",
  });
  const pods = new ClusterPods(plane.client);
  const web = { labels: { app: "web" }, spec: { containers: [{ name: "main", image: "main:1" }] } };

  await t.step("injects, by entries that refuse nothing", async () => {
    const pod = await pods.create("web", web);
    assert.equal(pod.spec.containers.length, 2);
    const { items } = await send(plane.client, list(resources.mutatingWebhookConfigurations));
    const policies = items.flatMap(({ webhooks = [] }) => webhooks).map((each) =>
      each.failurePolicy
    );
    assert.deepEqual(new Set(policies), new Set(["Ignore"]));
  });

  await t.step("refuses no Pod for failurePolicy Fail, and warns instead", async () => {
    const taken = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "taken", namespace: "default", labels: { app: "web" } },
      spec: { containers: [{ name: "agent", image: "mine" }] },
    };
    const options = { kubeconfig: plane.kubeconfig, input: JSON.stringify(taken) };
    const { code, stderr } = await kubectl(["create", "-f", "-"], options);
    assert.equal(code, 0, stderr);
    assert.equal(
      stderr,
      'Warning: SidecarSet agent not injected: container name "agent" is taken\n',
    );
    assert.deepEqual((await pods.get("taken")).spec.containers.map(({ image }) => image), ["mine"]);
  });

  await t.step("sends a trace of each review to an OpenTelemetry collector", async () => {
    const span = await eventually(
      // The path of a pending entry goes on with the SidecarSets that the review is for.
      () =>
        collector.spans.find(({ attributes }) => attributes["url.path"]?.startsWith("/mutate-pod")),
      { what: "the collector has the span of a review" },
    );
    assert.equal(span.service, "sidecarset");
    assert.equal(span.attributes["http.response.status_code"], "200");
    const requests = collector.spans.filter(({ attributes }) =>
      attributes["url.full"]?.startsWith(plane.url)
    );
    assert.ok(requests.length > 0, "requests to the API server are traced too");
  });

  await t.step("keeps the right to run programs only for its credential plugin", async () => {
    assert.match(controller.log(), /"kept":\["net","read","run"\]/);
    await eventually(async () => await plugin.countRuns() > 1, {
      what: "its token was asked for again",
    });
  });

  await t.step("exposes every metric and label that the dashboard and the rules use", async () => {
    const text = await (await fetch(`${controller.healthUrl}/metrics`)).text();
    // A metric of which there is no series yet is announced all the same.
    const exposed = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = ""]) => name));
    const labels = new Map<string, readonly string[]>(
      Object.entries(METRICS).map((
        [name, { labels = [] }]: [string, { labels?: readonly string[] }],
      ) => [name, labels]),
    );
    const queries = await readQueries();
    assert.ok(queries.length > 20);
    for (const { expr, shown } of queries) {
      const names = (expr.match(NAMES) ?? []).map((name) => name.replace(/_bucket$/, ""));
      assert.ok(names.length > 0, expr);
      for (const name of names) assert.ok(exposed.has(name), `there is no ${name}`);
      const known = new Set([...SCRAPED, "le", ...names.flatMap((name) => labels.get(name) ?? [])]);
      const groups = [...expr.matchAll(/by \(([^)]*)\)/g)]
        .flatMap(([, list = ""]) => list.split(",").map((label) => label.trim()));
      for (const label of [...labelsIn(expr), ...groups]) {
        assert.ok(known.has(label), `${names} have no label ${label}`);
      }
      for (const [, label = ""] of shown.matchAll(/\$labels\.(\w+)/g)) {
        assert.ok(groups.includes(label), `${expr} has no label ${label}`);
      }
    }
  });

  await t.step("refuses a second developer and says who is there", async () => {
    await using second = await startController({ kubeconfig: plane.kubeconfig, untilReady: false });
    await eventually(() => second.pid === undefined, { what: "the second controller has ended" });
    assert.equal((await second.stop())?.code, 2);
    assert.match(second.log(), /Cannot run next to another controller: .* holds the Lease/);
  });

  await t.step("takes its registration away when it ends", async () => {
    await controller.stop("SIGTERM");
    const { items } = await send(plane.client, list(resources.mutatingWebhookConfigurations));
    assert.deepEqual(items, []);
    assert.equal((await pods.create("later", web)).spec.containers.length, 1);
  });
});
