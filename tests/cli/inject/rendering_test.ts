import { applyPatch } from "diff";
import assert from "node:assert/strict";
import { runCli } from "../string_terminal.ts";

const SIDECAR_SET = `apiVersion: apps.kruise.io/v1beta1
kind: SidecarSet
metadata:
  name: agent
spec:
  selector:
    matchLabels:
      app: web
  containers:
  - name: agent
    image: agent:1
`;

function podText(name: string, app: string): string {
  return `# ${name}
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  labels: { app: ${app} }
spec:
  containers:
  - name: main
    image: main:1`;
}

/** Several documents, of which some stay as they are. */
const DOCUMENTS = Array.from(
  { length: 20 },
  (_, i) => podText(`pod-${i}`, i % 3 ? "web" : "other"),
);

for (
  const [what, text] of [
    ["that end with a line's end", `${DOCUMENTS.join("\n---\n")}\n`],
    ["that end without one", DOCUMENTS.join("\n---\n")],
    ["that begin with a separator", `---\n${DOCUMENTS.join("\n---\n")}\n`],
    [
      "of which one is empty",
      `${DOCUMENTS.join("\n---\n")}\n---\n---\n${podText("last", "web")}\n`,
    ],
  ] as const
) {
  Deno.test(`the diff of documents ${what} makes of the file what injection makes of it`, async () => {
    const files = { "s.yaml": SIDECAR_SET, "p.yaml": text };
    const args = ["inject", "-f", "s.yaml", "-f", "p.yaml"];
    const { output: diff } = await runCli([...args, "-o", "diff"], { files });
    const { output: whole } = await runCli(args, { files });
    const injected = applyPatch(text, diff);
    assert.notEqual(injected, false);
    assert.equal(`${SIDECAR_SET}${text.startsWith("---") ? "" : "---\n"}${injected}`, whole);
  });
}

Deno.test("a diff removes no line because of how the file writes its flow collections", async () => {
  const pod = `${podText("web", "web")}
    command: [sh, -c, "sleep 1"]
    args: [ a, b ]
    ports: [{containerPort: 80}, { containerPort: 81 }]
    resources: {requests: { cpu: 1 }, limits: {}}
`;
  const files = { "s.yaml": SIDECAR_SET, "p.yaml": `# first\n---\n${pod}---\n${pod}` };
  const args = ["inject", "-f", "s.yaml", "-f", "p.yaml", "-o", "diff"];
  const { output } = await runCli(args, { files });
  assert.match(output, /^\+ .*agent:1$/m);
  assert.deepEqual(output.split("\n").filter((line) => /^-(?!--)/.test(line)), []);
});
