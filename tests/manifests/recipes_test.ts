import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { runCli } from "../cli/string_terminal.ts";
import { recipes } from "../support/recipes.ts";

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** The Pod template of a recipe's Deployment after injection, and what was printed on standard error. */
async function injected(name: string): Promise<{ spec: PodSpec; errors: string }> {
  const recipe = (await recipes()).find((each) => each.name === name);
  if (!recipe) throw new Error(`Cannot find the recipe ${name}`);
  const files = {
    "sidecarset.yaml": await Deno.readTextFile(recipe.sidecarSet),
    "workload.yaml": await Deno.readTextFile(recipe.workload),
  };
  const args = ["inject", "-f", "sidecarset.yaml", "-f", "workload.yaml"];
  const { status, output, errors } = await runCli(args, { files });
  assert.equal(status, 0, errors);
  const objects = parseAllDocuments(output).map((document) => document.toJS());
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  return { spec: deployment.spec.template.spec, errors };
}

/** Names of containers with `IS_INJECTED`, init containers first. */
function sidecarsOf({ containers, initContainers = [] }: PodSpec): string[] {
  return [...initContainers, ...containers]
    .filter(({ env = [] }) => env.some(({ name }) => name === "IS_INJECTED"))
    .map(({ name }) => name);
}

const findContainer = ({ containers, initContainers = [] }: PodSpec, name: string) =>
  [...initContainers, ...containers].find((container) => container.name === name);

Deno.test("every recipe is valid without a warning", async () => {
  const found = await recipes();
  assert.ok(found.length >= 6);
  for (const { name, sidecarSet } of found) {
    const files = { "s.yaml": await Deno.readTextFile(sidecarSet) };
    const { status, output, errors } = await runCli(["validate", "s.yaml"], { files });
    assert.equal(status, 0, output);
    assert.match(output + errors, /1 SidecarSet checked: 0 errors, 0 warnings/, name);
  }
});

Deno.test("every recipe's workload gets exactly one sidecar, and no warning", async () => {
  for (const { name } of await recipes()) {
    const { spec, errors } = await injected(name);
    assert.equal(sidecarsOf(spec).length, 1, name);
    assert.equal(errors, "", name);
  }
});

Deno.test("the mesh proxy and the Vault agent start before everything else in the Pod", async () => {
  for (const name of ["mesh-proxy", "vault-agent", "opentelemetry-collector"]) {
    const { spec } = await injected(name);
    const [first] = spec.initContainers ?? [];
    assert.equal(first?.restartPolicy, "Always", name);
    assert.deepEqual(sidecarsOf(spec), [first?.name], name);
  }
  const { initContainers = [] } = (await injected("mesh-proxy")).spec;
  assert.deepEqual(initContainers.map(({ name }) => name), ["mesh-proxy", "migrate"]);
});

Deno.test("sidecars mount the volumes that the workloads declare for them", async () => {
  const expected = {
    "log-shipper": ["log-shipper", "/var/log/app"],
    "vault-agent": ["vault-agent", "/vault/secrets"],
    "java-agent": ["java-agent", "/java-agent"],
  };
  for (const [recipe, [container = "", path]] of Object.entries(expected)) {
    const mounts = findContainer((await injected(recipe)).spec, container)?.volumeMounts ?? [];
    assert.ok(mounts.some(({ mountPath }) => mountPath === path), recipe);
  }
});

Deno.test("java-agent changes the application's container, which declares nothing of the agent", async () => {
  const { spec } = await injected("java-agent");
  const application = findContainer(spec, "billing");
  assert.deepEqual(application?.volumeMounts, [
    { name: "java-agent", mountPath: "/java-agent", readOnly: true },
  ]);
  assert.deepEqual(application?.env?.slice(0, 1), [{
    name: "JAVA_TOOL_OPTIONS",
    value: "-XX:MaxRAMPercentage=75 -javaagent:/java-agent/javaagent.jar",
  }]);
});

Deno.test("nginx gets the application's port, and a Pod opts out by a label", async () => {
  const { spec } = await injected("nginx");
  const port = findContainer(spec, "nginx")?.env?.find(({ name }) => name === "PORT");
  assert.equal(port?.value, "8080");
  const recipe = (await recipes()).find(({ name }) => name === "nginx");
  const files = {
    "s.yaml": await Deno.readTextFile(recipe?.sidecarSet ?? ""),
    "w.yaml": (await Deno.readTextFile(recipe?.workload ?? "")).replace(
      'sidecars.example.com/nginx: "yes"',
      'sidecars.example.com/nginx: "yes"\n        sidecars.example.com/nginx-off: ""',
    ),
  };
  const { output } = await runCli(["inject", "-f", "s.yaml", "-f", "w.yaml"], { files });
  assert.doesNotMatch(output, /IS_INJECTED/);
});
