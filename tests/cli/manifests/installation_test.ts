import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { isObject } from "../../../lib/api/json.ts";
import {
  installationObjects,
  type InstallationOptions,
  installationYaml,
} from "../../../lib/cli/manifests/installation.ts";
import { kubectlOutput } from "../../support/kubectl.ts";

const manifests = join(import.meta.dirname ?? ".", "..", "..", "..", "manifests");

type Plain = Record<string, unknown>;

/** What kubectl's kustomize makes of the folder, with a kustomization of the user's own around it. */
async function kustomized(kustomization: Plain = {}): Promise<Plain[]> {
  const folder = await Deno.makeTempDir();
  try {
    const components = [kustomization.components].flat().flatMap((path) =>
      typeof path === "string" ? [relative(folder, join(manifests, path))] : []
    );
    await Deno.writeTextFile(
      join(folder, "kustomization.yaml"),
      stringify({ ...kustomization, resources: [relative(folder, manifests)], components }),
    );
    const text = await kubectlOutput(["kustomize", folder], { kubeconfig: "/dev/null" });
    return parseAllDocuments(text).map((document) => document.toJS());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function named(objects: readonly Plain[]): Record<string, Plain> {
  return Object.fromEntries(objects.map((object) => {
    const { name, namespace } = isObject(object.metadata) ? object.metadata : {};
    return [`${object.kind} ${namespace} ${name}`, object];
  }));
}

const cases: readonly [string, InstallationOptions, Plain][] = [
  ["as the files have it", {}, {}],
  ["in another namespace, of another image, with three replicas", {
    namespace: "mesh",
    image: "registry.example:5000/sidecarset:1.2.3",
    replicas: 3,
  }, {
    namespace: "mesh",
    images: [{
      name: "sidecarset",
      newName: "registry.example:5000/sidecarset",
      newTag: "1.2.3",
    }],
    replicas: [{ name: "sidecarset", count: 3 }],
  }],
  ["of a private registry", { imagePullSecret: "registry" }, {
    patches: [{
      target: { kind: "Deployment", name: "sidecarset" },
      patch: stringify([{
        op: "add",
        path: "/spec/template/spec/imagePullSecrets",
        value: [{ name: "registry" }],
      }]),
    }],
  }],
  ["in another namespace, with certificates from cert-manager", {
    namespace: "mesh",
    certManager: true,
  }, {
    namespace: "mesh",
    components: ["components/cert-manager"],
    // As the component's kustomization says it.
    replacements: [{
      source: { kind: "Service", name: "sidecarset-webhook", fieldPath: "metadata.namespace" },
      targets: [{
        select: { kind: "Certificate", name: "sidecarset-webhook" },
        fieldPaths: ["spec.dnsNames.0"],
        options: { delimiter: ".", index: 1 },
      }],
    }],
  }],
  ["with everything that can be added", {
    certManager: true,
    openkruise: true,
    prometheusOperator: true,
  }, { components: ["components/cert-manager", "components/openkruise", "monitoring"] }],
];

for (const [what, options, kustomization] of cases) {
  Deno.test(`installationObjects() gives what kustomize makes of the files: ${what}`, async () => {
    const ours = named(installationObjects(options));
    assert.deepEqual(ours, named(await kustomized(kustomization)));
  });

  Deno.test(`installationYaml() is the same objects as YAML: ${what}`, () => {
    const read = parseAllDocuments(installationYaml(options)).map((each) => each.toJS());
    assert.deepEqual(read, installationObjects(options));
  });
}

Deno.test("installationObjects() names another namespace wherever the files name theirs", () => {
  const options = { namespace: "mesh", certManager: true, openkruise: true };
  const text = JSON.stringify(installationObjects(options));
  assert.ok(!text.includes("sidecarset-system"));
  assert.ok(text.includes("sidecarset-webhook.mesh.svc"));
});

Deno.test("installationObjects() names another namespace of OpenKruise in its roles and to the controller", () => {
  const text = JSON.stringify(
    installationObjects({ namespace: "mesh", openkruise: true, openkruiseNamespace: "ops" }),
  );
  assert.ok(!text.includes("kruise-system"));
  assert.equal(text.split('"name":"sidecarset-openkruise","namespace":"ops"').length, 3);
  assert.ok(text.includes('"args":["controller","--openkruise-namespace=ops"]'));
});

Deno.test("installationObjects() gives the controller no Secret where cert-manager makes the certificate", () => {
  const roles = installationObjects({ certManager: true }).filter(({ kind }) =>
    kind === "Role" || kind === "ClusterRole"
  );
  assert.equal(roles.length, 4);
  assert.ok(!JSON.stringify(roles).includes("secrets"));
});

Deno.test("installationObjects() grants no wildcard, no exec and no Secret of the whole cluster", () => {
  const roles = installationObjects().filter(({ kind }) =>
    kind === "Role" || kind === "ClusterRole"
  );
  for (const role of roles) {
    const text = JSON.stringify(role.rules);
    assert.ok(!text.includes('"*"'), `${role.kind} has a wildcard`);
    assert.ok(!text.includes("pods/exec"));
    if (role.kind === "ClusterRole") assert.ok(!text.includes("secrets"));
  }
});
