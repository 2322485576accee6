import assert from "node:assert/strict";
import { join } from "node:path";
import { list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ChapterShell } from "../support/chapter/shell.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { addHelm } from "../support/helm.ts";
import { untilEstablished } from "../support/installation.ts";
import { codeBlocks } from "../support/markdown.ts";
import { KRUISE_NAMESPACE, kruiseManager, kruiseRegistration } from "../support/openkruise.ts";
import { makePrograms } from "../support/programs.ts";

const page = new URL("../../manifests/docs/migrate-from-openkruise.md", import.meta.url);
const crd = new URL("testdata/openkruise_like_crd.yaml", import.meta.url);
const DEFINITION = "sidecarsets.apps.kruise.io";

/** What else of OpenKruise's chart matters here: its manager and its two webhook configurations. */
const MANAGER = [
  { apiVersion: "v1", kind: "Namespace", metadata: { name: KRUISE_NAMESPACE } },
  kruiseManager({ replicas: 2 }),
  ...kruiseRegistration(),
];

/** A chart that has the definition as OpenKruise's chart has it: a template under `crds.managed`. */
async function writeChart(folder: string): Promise<string> {
  const chart = join(folder, "kruise");
  await Deno.mkdir(join(chart, "templates"), { recursive: true });
  const files = {
    "Chart.yaml": "apiVersion: v2\nname: kruise\nversion: 1.0.0\n",
    "values.yaml": "crds:\n  managed: true\n",
    "templates/manager.yaml": MANAGER.map((object) => JSON.stringify(object)).join("\n---\n"),
    "templates/apps.kruise.io_sidecarsets.yaml": `{{- if .Values.crds.managed }}\n${await Deno
      .readTextFile(crd)}\n{{- end }}\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(chart, name), text);
  }
  return chart;
}

/** The commands of the document below a heading, for a chart in a folder. */
async function commandsOf(heading: string, chart: string): Promise<string[]> {
  const text = await Deno.readTextFile(page);
  const [, section = ""] = text.split(`\n## ${heading}\n`);
  const blocks = codeBlocks(section.split("\n## ")[0] ?? "", "sh");
  assert.ok(blocks.length > 0, `"${heading}" has no commands`);
  return blocks.map((block) => block.replaceAll("openkruise/kruise --version VERSION", chart));
}

async function sidecarSetNames({ client }: ControlPlane): Promise<string[]> {
  const { items } = await send(client, list(resources.sidecarSets));
  return items.map(({ metadata }) => metadata.name ?? "");
}

const SIDECAR_SET = `apiVersion: apps.kruise.io/v1beta1
kind: SidecarSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: web } }
  containers: [{ name: agent, image: "agent:1" }]
`;

Deno.test("a migration from OpenKruise's chart by the document keeps every SidecarSet", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  const programs = await makePrograms(plane.folder);
  await addHelm(programs);
  const chart = await writeChart(plane.folder);
  const shell = new ChapterShell({ kubeconfig: plane.kubeconfig, programs, folder: plane.folder });
  const run = async (command: string) => {
    const { printed, status } = await shell.run(command);
    assert.equal(status, 0, `${command}\n${printed.join("\n")}`);
    return printed.join("\n");
  };
  const CHECK = "sidecarset doctor --from-openkruise";
  /** Runs the check where it has to fail. */
  const complaints = async () => {
    const { printed, status } = await shell.run(CHECK);
    const text = printed.join("\n");
    assert.equal(status, 1, text);
    return text.match(/^error .*\n.*/gm) ?? [];
  };
  const install = async () => {
    await run(`helm install kruise ${chart}`);
    await untilEstablished(plane, [DEFINITION]);
    await Deno.writeTextFile(join(plane.folder, "agent.yaml"), SIDECAR_SET);
    await run("kubectl apply -f agent.yaml");
  };

  await t.step("an annotation alone does not keep the definition on uninstall", async () => {
    await install();
    await run(`kubectl annotate crd ${DEFINITION} helm.sh/resource-policy=keep`);
    await run("helm uninstall kruise --wait");
    assert.doesNotMatch(await run("kubectl get crd -o name"), /sidecarsets/);
  });

  await t.step("a backup is made, and the definition leaves the release", async () => {
    await run("kubectl wait --for=delete namespace/kruise-system --timeout=60s");
    await install();
    const [backup = ""] = await commandsOf("1. Back up and check", chart);
    assert.ok(backup.includes(CHECK));
    // No allow-list exists, which the document allows. The check has to fail, and runs apart.
    await run(backup.replace(/^.*(kruise-configuration|--from-openkruise).*\n/gm, ""));
    const before = await complaints();
    assert.equal(before.length, 1, before.join("\n"));
    assert.match(before[0] ?? "", /helm uninstall kruise would delete it/);
    const [detach = "", checks = ""] = await commandsOf(
      "2. Take the definitions out of the Helm release",
      chart,
    );
    await run(detach);
    const [inRelease = "", inCluster = "", inOrder = ""] = checks.split("\n");
    assert.deepEqual((await shell.run(inRelease)).printed, []);
    assert.match(await run(inCluster), /^agent /m);
    const after = await run(inOrder);
    assert.match(after, /it is not part of Helm release default\/kruise/);
    assert.match(after, /OpenKruise manages SidecarSets; stop it/);
  });

  await t.step("the program takes over", async () => {
    for (const stop of await commandsOf("3. Stop OpenKruise's SidecarSet", chart)) await run(stop);
    const stopped = await complaints();
    assert.equal(stopped.length, 1, stopped.join("\n"));
    assert.match(stopped[0] ?? "", /^error +stored versions\n/);
    const [apply = ""] = await commandsOf("4. Install", chart);
    await run(apply);
    await using _controller = await startController({ kubeconfig: plane.controllerKubeconfig });
    await run("kubectl wait --for=condition=Ready sidecarset/agent --timeout=60s");
    const pod = await new ClusterPods(plane.client).create("web", {
      labels: { app: "web" },
      spec: { containers: [{ name: "main", image: "main:1" }] },
    });
    assert.deepEqual(pod.spec.containers.map(({ name }) => name), ["agent", "main"]);
    assert.match(await run(CHECK), /only this program has them/);
  });

  await t.step("OpenKruise is removed, and every SidecarSet stays", async () => {
    for (const remove of await commandsOf("6. Remove OpenKruise", chart)) await run(remove);
    assert.doesNotMatch(await run("helm list -q"), /kruise/);
    assert.deepEqual(await sidecarSetNames(plane), ["agent"]);
  });

  await t.step("OpenKruise comes back with the definition that there is", async () => {
    await run("sidecarset uninstall");
    await run(
      `helm upgrade --install kruise ${chart} -f kruise-values.yaml --set crds.managed=false`,
    );
    assert.match(await run(CHECK), /OpenKruise manages SidecarSets; stop it/);
    assert.deepEqual(await sidecarSetNames(plane), ["agent"]);
  });
});
