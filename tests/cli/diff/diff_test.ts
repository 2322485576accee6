import assert from "node:assert/strict";
import { revisionOf } from "../../core/rollout/resize_scene.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const stored = sidecarSetOf();
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } };

function fileWith(spec: object): Record<string, string> {
  const { name } = stored;
  const apiVersion = "apps.kruise.io/v1beta1";
  const object = {
    apiVersion,
    kind: "SidecarSet",
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:1" }],
      ...spec,
    },
  };
  return { "web.json": JSON.stringify(object) };
}

const pods = [1, 2, 3, 4].map((number) =>
  podOf({ name: `web-${number}`, injected: [stored], state: number === 4 ? "Running" : "Ready" })
);
const { client } = clusterOf([
  { ...stored.sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
  namespace,
  ...pods,
]);

function diff(spec: object, ...args: string[]) {
  return runCli(["diff", "-f", "web.json", ...args], { client, files: fileWith(spec) });
}

const upgrade = { containers: [{ name: "agent", image: "agent:2" }] };

Deno.test("diff ends with 0 where nothing would change", async () => {
  const { status, output } = await diff({});
  assert.equal(status, 0);
  assert.equal(output, "SidecarSet web would not change.\n");
});

Deno.test("diff says in which rounds images are changed in place", async () => {
  const { status, output } = await diff({ ...upgrade, updateStrategy: { maxUnavailable: 2 } });
  assert.equal(status, 1);
  assert.match(output, /- {2}image: agent:1\n\+ {2}image: agent:2\n/);
  assert.match(output, /New Pods, for example a copy of default\/web-1:\n/);
  assert.equal(
    output.slice(output.indexOf("Running Pods")),
    `Running Pods:
  4 upgraded in place, in 2 rounds
    1. default/web-4, default/web-1
    2. default/web-2, default/web-3
`,
  );
});

Deno.test("diff lets Pods stay ready for minReadySeconds between rounds", async () => {
  const justNow = { creationTimestamp: "2026-01-01T11:59:59Z", injected: [stored] };
  const young = clusterOf([
    { ...stored.sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
    namespace,
    ...["web-1", "web-2"].map((name) => podOf({ ...justNow, name })),
  ]);
  const files = fileWith({ ...upgrade, updateStrategy: { minReadySeconds: 60 } });
  const { output } = await runCli(["diff", "-f", "web.json"], { client: young.client, files });
  assert.match(output, /2 upgraded in place, in 2 rounds\n/);
});

Deno.test("diff says what waits and why", async () => {
  const { output } = await diff({ ...upgrade, updateStrategy: { partition: "50%" } }, "-o", "json");
  const { sidecarSets: [found] } = JSON.parse(output);
  assert.equal(found.change, "Update");
  assert.equal(found.rounds.flat().length, 2);
  assert.equal(found.waiting.length, 2);
  assert.equal(found.end, "PartitionReached");
});

Deno.test("diff names the Pods that would have to be recreated", async () => {
  const { output } = await diff({ containers: [{ name: "agent", image: "agent:2", args: ["x"] }] });
  assert.match(output, / {2}4 must be recreated\n {4}default\/web-1, .*web-4: more\n?\s+than/);
});

Deno.test("diff refuses a SidecarSet that is not valid, with its place in the file", async () => {
  const { status, errors } = await diff({ containers: [{ name: "Agent", image: "agent:2" }] });
  assert.equal(status, 2);
  assert.match(errors, /^web\.json:1: error: SidecarSet\/web spec\.containers\[0\]\.name /);
});

Deno.test("diff reports a conflict with a SidecarSet of the cluster", async () => {
  const other = sidecarSetOf({ name: "other" }).sidecarSet;
  const cluster = clusterOf([
    { ...other, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
    namespace,
  ]);
  const options = { client: cluster.client, files: fileWith({}) };
  const { status, errors } = await runCli(["diff", "-f", "web.json"], options);
  assert.equal(status, 2);
  assert.match(errors, /other/);
});

Deno.test("diff shows what a new SidecarSet brings to a Pod that it could select", async () => {
  const options = { client: clusterOf([namespace]).client, files: fileWith({}) };
  const { status, output } = await runCli(["diff", "-f", "web.json"], options);
  assert.equal(status, 1);
  assert.match(output, /SidecarSet web would be created:\n--- nothing\n\+\+\+ file\n/);
  assert.match(output, /New Pods:\n[^]*\+ {2}- name: agent\n/);
});

Deno.test("diff names the fields that make Pods not upgradable, and warns of images that they do not get", async () => {
  const revision = { ...revisionOf(stored), apiVersion: "apps/v1", kind: "ControllerRevision" };
  const { client } = clusterOf([
    { ...stored.sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" },
    namespace,
    revision,
    ...pods,
  ]);
  const textOf = async (spec: object) => {
    const { output } = await runCli(["diff", "-f", "web.json"], { client, files: fileWith(spec) });
    return output.slice(output.indexOf("Running Pods")).replaceAll(/\s+/g, " ");
  };
  const mixed = { containers: [{ name: "agent", image: "agent:2", args: ["-v"] }] };
  const warned = await textOf(mixed);
  assert.match(warned, /4 must be recreated default\/web-1, .*: args of container agent differ/);
  assert.match(warned, /4 of these keep their old images until they are recreated/);
  const images = await textOf({ ...mixed, updateStrategy: { partialUpdatePolicy: "Images" } });
  assert.match(images, /4 of these get the new images in place/);
  assert.doesNotMatch(images, /keep their old images/);
  const alone = await textOf({ containers: [{ name: "agent", image: "agent:1", args: ["-v"] }] });
  assert.match(alone, /4 must be recreated/);
  assert.doesNotMatch(alone, /keep their old images/);
});
