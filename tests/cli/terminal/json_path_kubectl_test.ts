import assert from "node:assert/strict";
import { join } from "node:path";
import { evaluateTemplate } from "../../../lib/cli/terminal/json_path.ts";
import { findBinaries } from "../../support/binaries.ts";

const cluster = (name: string, port: number, more: object = {}) => ({
  name,
  cluster: { server: `https://127.0.0.1:${port}`, ...more },
});

/** `kubectl config view` prints it by a template, without a cluster. */
const CONFIG = {
  kind: "Config",
  apiVersion: "v1",
  "current-context": "blue",
  clusters: [
    cluster("blue", 1, { "tls-server-name": "blue.example.com" }),
    cluster("green", 2),
    cluster("red", 3, { "insecure-skip-tls-verify": true }),
  ],
  contexts: [
    { name: "blue", context: { cluster: "blue", user: "ann", namespace: "shop" } },
    { name: "green", context: { cluster: "green", user: "bob" } },
  ],
  users: [{ name: "ann", user: { username: "ann" } }, { name: "bob", user: {} }],
};

const TEMPLATES = [
  "{.current-context}",
  "{@.kind}/{$.apiVersion} {.nothing}!",
  "{.clusters[*].name}",
  "{ .clusters[-1].name }",
  "{.clusters[0:2].name}, {.clusters[::2].name}, {.clusters[1:].name}",
  "{.clusters[0,2].name}",
  "{.clusters[*]['name', 'cluster.server']}",
  "{.contexts[0].context}",
  "{.contexts[*].context.namespace}",
  '{range .contexts[*]}{.name}{"\\t"}{.context.user}{"\\n"}{end}{.kind}',
  "{range .contexts[*]}{.name}: {range .context.nothing[*]}{.a}{end};{end}",
  '{.users[?(@.name=="bob")].user}',
  "{.clusters[?(@.cluster.insecure-skip-tls-verify==true)].name}",
  "{.clusters[?(@.cluster.tls-server-name)].name}",
  "{.clusters[?(@.name!='blue')].cluster.server}",
  "{.clusters[?(@.name>'blue')].name}",
  "{..namespace}",
  "{.clusters[0].cluster['tls-server-name']}",
  '{"{"}text{"}"}',
];

Deno.test("jsonpath templates print the same as with kubectl", async () => {
  const binaries = await findBinaries(["kubectl"], { progress: console.error });
  const folder = await Deno.makeTempDir();
  try {
    const kubeconfig = join(folder, "config");
    await Deno.writeTextFile(kubeconfig, JSON.stringify(CONFIG));
    const kubectl = async (...args: string[]) => {
      const command = new Deno.Command(binaries.path("kubectl"), {
        args: ["config", "view", "--raw", "--kubeconfig", kubeconfig, ...args],
        env: { HOME: folder },
      });
      const { code, stdout, stderr } = await command.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout);
    };
    const data: unknown = JSON.parse(await kubectl("-o", "json"));
    for (const template of TEMPLATES) {
      const expected = await kubectl("-o", `jsonpath=${template}`);
      assert.equal(evaluateTemplate(template, data), expected, template);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
