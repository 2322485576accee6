import assert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { parse, parseAllDocuments } from "yaml";
import { runCli } from "../string_terminal.ts";

const SIDECAR_SETS = await Deno.readTextFile(
  new URL("../../../manifests/examples/sidecarset.yaml", import.meta.url),
);
const POD = await Deno.readTextFile(
  new URL("../../../manifests/examples/pod.yaml", import.meta.url),
);
const ARGS = ["inject", "-f", "s.yaml", "-f", "p.yaml"];

Deno.test("sidecarset inject changes nothing in what it has printed", async () => {
  const once = await runCli(ARGS, { files: { "s.yaml": SIDECAR_SETS, "p.yaml": POD } });
  assert.equal(once.status, 0);
  const twice = await runCli(["inject", "-f", "-"], { input: once.output });
  assert.deepEqual(twice, once);
});

Deno.test("sidecarset inject injects alike whichever the version of the SidecarSet", async () => {
  const other = SIDECAR_SETS.replace("v1alpha1", "v1beta1");
  assert.notEqual(other, SIDECAR_SETS);
  const outputs = await Promise.all([SIDECAR_SETS, other].map(async (text) => {
    const { output } = await runCli(ARGS, { files: { "s.yaml": text, "p.yaml": POD } });
    return parseAllDocuments(output)[1]?.toJS();
  }));
  assert.equal(outputs[0].spec.containers.length, 2);
  assert.deepEqual(outputs[0], outputs[1]);
});

Deno.test("sidecarset inject prints the same objects as YAML and as JSON", async () => {
  const files = { "s.yaml": SIDECAR_SETS, "p.yaml": POD };
  const yaml = await runCli(ARGS, { files });
  const json = await runCli([...ARGS, "-o", "json"], { files });
  const objects = parseAllDocuments(yaml.output).map((document) => document.toJS());
  assert.deepEqual(parse(json.output).items, objects);
});

Deno.test("sidecarset inject -o json is input that it reads again", async () => {
  const files = { "s.yaml": SIDECAR_SETS, "p.yaml": POD };
  const { output } = await runCli([...ARGS, "-o", "json"], { files });
  const again = await runCli(["inject", "-o", "json", "-f", "-"], { input: output });
  assert.equal(again.output, output);
});

Deno.test("sidecarset inject -o diff is coloured where colours are shown", async () => {
  const files = { "s.yaml": SIDECAR_SETS, "p.yaml": POD };
  const plain = await runCli([...ARGS, "-o", "diff"], { files });
  const colored = await runCli([...ARGS, "-o", "diff"], { files, colors: true });
  assert.match(plain.output, /^\+ +- name: sidecar1$/m);
  for (const line of plain.output.split("\n")) {
    if (line.startsWith("+")) assert.ok(colored.output.includes(`\u001b[32m${line}\u001b[39m\n`));
  }
  assert.equal(stripVTControlCharacters(colored.output), plain.output);
});

Deno.test("sidecarset inject gives an exported Pod what a new Pod gets", async () => {
  const sidecarSet = (version: number) =>
    `apiVersion: apps.kruise.io/v1beta1
kind: SidecarSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: a}}
  containers: [{name: agent, image: "agent:${version}", args: ["--version=${version}"]}]
`;
  const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: a}}\n" +
    'spec: {containers: [{name: app, image: "app:1"}]}\n';
  const old = await runCli(ARGS, { files: { "s.yaml": sidecarSet(1), "p.yaml": pod } });
  const stored = parseAllDocuments(old.output)[1]?.toJS();
  const recordedAt = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
  const metadata = JSON.parse(
    JSON.stringify(stored.metadata).replaceAll(recordedAt, "2026-01-01T00:00:00Z"),
  );
  const system = {
    uid: "u",
    creationTimestamp: "2026-01-01T00:00:00Z",
    managedFields: [{ manager: "kube-controller-manager", time: "2026-01-01T00:00:00Z" }],
  };
  for (const more of [{}, system]) {
    const exported = JSON.stringify({ ...stored, metadata: { ...metadata, ...more } });
    const files = { "s.yaml": sidecarSet(2), "p.yaml": exported };
    const { output } = await runCli(ARGS, { files });
    const [agent, ...others] = parseAllDocuments(output)[1]?.toJS().spec.containers ?? [];
    assert.deepEqual([agent.image, agent.args], ["agent:2", ["--version=2"]]);
    assert.deepEqual(others.map(({ name }: { name: string }) => name), ["app"]);
  }
});
