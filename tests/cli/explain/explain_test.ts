import assert from "node:assert/strict";
import { runCli } from "../string_terminal.ts";

const SIDECAR_SET = `apiVersion: apps.kruise.io/v1beta1
kind: SidecarSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: web } }
  containers:
  - { name: agent, image: "agent:1" }
`;
const POD = `apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: main, image: "main:1" }] }
`;

/** The explanation of a Pod that was injected by one SidecarSet, once it has been changed. */
async function explainedAfter(changed: string): Promise<string> {
  const files = { s: SIDECAR_SET, p: POD };
  const { output } = await runCli(["inject", "-f", "s", "-f", "p"], { files });
  const pod = output.slice(output.indexOf("---\n"));
  const explained = await runCli(["explain", "-f", "s", "-f", "p"], {
    files: { s: changed, p: pod },
  });
  assert.equal(explained.status, 0);
  return explained.output;
}

const STATES: [string, string, RegExp][] = [
  [
    "has the current revision",
    SIDECAR_SET,
    /agent {2}injected, up to date\n {4}revision agent-\w+\n {4}the Pod has the current revision\n/,
  ],
  [
    "can get a new image in place",
    SIDECAR_SET.replace("agent:1", "agent:2"),
    /agent {2}injected, outdated\n.*\n {4}only images differ/,
  ],
  [
    "must be recreated for what cannot change in place",
    SIDECAR_SET.replace('"agent:1"', '"agent:1", command: [run]'),
    /agent {2}injected, outdated\n.*\n {4}not upgradable in place: more than images differs/,
  ],
];

for (const [what, changed, expected] of STATES) {
  Deno.test(`sidecarset explain says that an injected Pod ${what}`, async () => {
    assert.match(await explainedAfter(changed), expected);
  });
}

Deno.test("sidecarset explain distinguishes the sidecars of an injected Pod from its own containers", async () => {
  const output = await explainedAfter(SIDECAR_SET);
  assert.match(
    output,
    /\n {2}1 +agent +agent:1 +SidecarSet agent\n {2}2 +main +main:1 +the Pod\n$/,
  );
});

Deno.test("sidecarset explain colours verdicts where colours are shown", async () => {
  const options = { files: { s: SIDECAR_SET, p: POD }, colors: true };
  const { output } = await runCli(["explain", "-f", "s", "-f", "p"], options);
  assert.ok(output.includes("agent  \u001b[32minjected\u001b[39m\n"));
});
