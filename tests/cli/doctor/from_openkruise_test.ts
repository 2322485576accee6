import assert from "node:assert/strict";
import { kruiseManager, kruiseRegistration } from "../../support/openkruise.ts";
import { clusterOf, type ObjectClusterOptions } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

interface Check {
  name: string;
  status: string;
  message: string;
  commands?: string[];
}

const NAME = "sidecarsets.apps.kruise.io";

function crd(annotations: Record<string, string> = {}, conversion = "None") {
  const versions = [
    { name: "v1alpha1", served: true, storage: false },
    { name: "v1beta1", served: true, storage: true },
  ];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: NAME, annotations },
    spec: {
      versions,
      conversion: { strategy: conversion },
    },
    status: { storedVersions: ["v1alpha1"] },
  };
}

const BY_HELM = {
  "meta.helm.sh/release-name": "kruise",
  "meta.helm.sh/release-namespace": "default",
  // It does not help on uninstall.
  "helm.sh/resource-policy": "keep",
};

/** The Secret that Helm stores a release in. */
async function release(manifest: string) {
  const text = JSON.stringify({
    manifest,
    chart: { metadata: { name: "kruise", version: "1.8.0" } },
  });
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(zipped).arrayBuffer());
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "sh.helm.release.v1.kruise.v1",
      namespace: "default",
      labels: { owner: "helm", name: "kruise", status: "deployed" },
    },
    data: { release: btoa(bytes.toBase64()) },
  };
}

const IN_RELEASE = `---
# Source: kruise/templates/apps.kruise.io_sidecarsets.yaml
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: ${NAME}
`;

function sidecarSet(name: string, spec: object, metadata: object = {}) {
  return {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name, ...metadata },
    spec: {
      selector: { matchLabels: { app: name } },
      containers: [{ name, image: "a:1" }],
      failurePolicy: "Fail",
      ...spec,
    },
  };
}

const MANAGER = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "kruise-controller-manager", namespace: "kruise-system" },
  spec: { replicas: 2 },
};
const OWN = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "sidecarset" },
};

/** All checks, by name. */
async function examine(
  objects: readonly object[],
  options: ObjectClusterOptions = {},
): Promise<(name: string) => Check> {
  const args = ["doctor", "--from-openkruise", "-o", "json"];
  const ran = await runCli(args, { client: clusterOf(objects, options).client });
  assert.equal(ran.errors, "");
  const { checks }: { checks: Check[] } = JSON.parse(ran.output);
  return (name) => {
    const check = checks.find((each) => each.name === name);
    assert.ok(check, `there is no check ${name}`);
    return check;
  };
}

async function found(name: string, ...objects: object[]): Promise<Check> {
  return (await examine(objects))(name);
}

const OWNER = "owner of the CustomResourceDefinition";

Deno.test("doctor --from-openkruise finds that uninstalling the release would delete every SidecarSet", async () => {
  const check = await found(OWNER, crd(BY_HELM), await release(IN_RELEASE));
  assert.equal(check.status, "error");
  assert.match(
    check.message,
    /^helm uninstall kruise would delete it, and every SidecarSet with it/,
  );
  assert.deepEqual(check.commands, [
    `kubectl annotate crd ${NAME} helm.sh/resource-policy=keep --overwrite`,
    "helm upgrade kruise openkruise/kruise -n default --version 1.8.0 --reuse-values " +
    "--set crds.managed=false",
  ]);
});

Deno.test("doctor --from-openkruise accepts a definition that no release deletes", async () => {
  const keeping = IN_RELEASE.replace(
    "metadata:",
    "metadata:\n  annotations: { helm.sh/resource-policy: keep }",
  );
  for (
    const [objects, message] of [
      [[crd()], /^no Helm release owns it$/],
      [[crd(BY_HELM), await release("kind: Service\n")], /^it is not part of Helm release/],
      [[crd(BY_HELM), await release(keeping)], /keeps it on uninstall$/],
      [[crd(BY_HELM)], /is not deployed any more$/],
      [[], /there is nothing to migrate$/],
    ] as const
  ) {
    const check = await found(OWNER, ...objects);
    assert.equal(check.status, "ok", check.message);
    assert.match(check.message, message);
  }
});

Deno.test("doctor --from-openkruise finds webhooks of both programs, and those that OpenKruise left", async () => {
  const name = "webhooks for SidecarSets";
  const registered = [crd(), ...kruiseRegistration()];
  const before = await found(name, ...registered, MANAGER);
  assert.equal(before.status, "ok", before.message);
  const both = await found(name, ...registered, MANAGER, OWN);
  assert.match(both.message, /^both programs have them: /);
  assert.match(both.commands?.join("\n") ?? "", /^kubectl -n kruise-system scale .*--replicas=0\n/);
  const left = await found(name, ...registered, OWN);
  assert.match(left.message, /^OpenKruise does not run, but its webhooks are registered/);
  assert.equal(left.commands?.length, 2);
  const after = await found(name, crd(), OWN);
  assert.equal(after.message, "only this program has them");
});

Deno.test("doctor --from-openkruise finds OpenKruise in the namespace of its webhooks", async () => {
  const namespace = "ops";
  const manager = kruiseManager({ namespace });
  const registration = kruiseRegistration({ namespace });
  const both = await found("webhooks for SidecarSets", crd(), ...registration, manager, OWN);
  assert.match(both.message, /the Deployment ops\/kruise-controller-manager runs$/);
  assert.match(both.commands?.[0] ?? "", /^kubectl -n ops scale deployment kruise-controller-/);
  // Step 3 deletes the registration; the definition still names the Service.
  const service = { name: "kruise-webhook-service", namespace, path: "/convert" };
  const conversion = { strategy: "Webhook", webhook: { clientConfig: { service } } };
  const definition = crd();
  const converted = { ...definition, spec: { ...definition.spec, conversion } };
  for (const objects of [registration, []]) {
    const running = await found(CONVERTED, converted, ...objects, manager);
    assert.equal(running.status, "ok", running.message);
    const elsewhere = await found(CONVERTED, converted, ...objects, MANAGER);
    assert.equal(elsewhere.status, "error", elsewhere.message);
  }
});

const CONVERTED = "stored versions";
const MEANING = "SidecarSets keep their meaning";

Deno.test("doctor --from-openkruise finds SidecarSets that only OpenKruise can read", async () => {
  const converted = crd({}, "Webhook");
  // The conversion webhook works without those for admission: step 3 deletes them, and some builds lack them.
  for (
    const registration of [
      kruiseRegistration(),
      kruiseRegistration({ except: ["sidecarsets"] }),
      [],
    ]
  ) {
    const running = await found(CONVERTED, converted, ...registration, MANAGER);
    assert.equal(running.status, "ok", running.message);
    const scaled = { ...MANAGER, spec: { replicas: 0 } };
    const stopped = await found(CONVERTED, converted, ...registration, scaled);
    assert.match(
      stopped.message,
      /and need the conversion webhook of OpenKruise, which does not run$/,
    );
    assert.match(stopped.commands?.[0] ?? "", /^sidecarset manifests .*\| kubectl apply -f -$/);
  }
  const isForbidden = ({ path }: { path: string }) => path.includes("/deployments/kruise-");
  const unknown = (await examine([converted], { isForbidden }))(CONVERTED);
  assert.equal(unknown.status, "skipped", unknown.message);
});

Deno.test("doctor --from-openkruise reports a conversion webhook that fails", async () => {
  const failure = "conversion webhook for apps.kruise.io/v1alpha1, Kind=SidecarSet failed: Post " +
    '"https://kruise-webhook-service.kruise-system.svc:443/convert": no endpoints available';
  const message =
    `failed to read one or more sidecarsets.apps.kruise.io from the storage: ${failure}`;
  for (const httpCode of [500, 429]) {
    const checks = await examine([crd({}, "Webhook"), MANAGER], {
      errorOf: ({ path }) =>
        path.endsWith("/sidecarsets") ? { httpCode, status: { message } } : undefined,
    });
    assert.equal(checks(CONVERTED).status, "error");
    assert.equal(
      checks(CONVERTED).message,
      `SidecarSets are stored as v1alpha1, and cannot be converted: ${failure}`,
    );
    assert.match(checks(CONVERTED).commands?.[0] ?? "", /^sidecarset manifests /);
    for (const name of [MEANING, "finalizers"]) {
      assert.equal(checks(name).message, "SidecarSets cannot be converted");
    }
  }
});

Deno.test("doctor --from-openkruise reads the only version of OpenKruise before 1.9", async () => {
  const definition = crd();
  const versions = [{ name: "v1alpha1", served: true, storage: true }];
  const old = sidecarSet("old", { failurePolicy: undefined });
  const checks = await examine([
    { ...definition, spec: { versions } },
    { ...old, apiVersion: "apps.kruise.io/v1alpha1" },
  ], {
    errorOf: ({ path }) => path.includes("/v1beta1/sidecarsets") ? { httpCode: 404 } : undefined,
  });
  assert.match(checks(MEANING).message, /^failurePolicy: .* \(old\)$/);
});

Deno.test("doctor --from-openkruise continues where SidecarSets are not served or may not be listed", async () => {
  const isForbidden = ({ path }: { path: string }) => path.endsWith("/sidecarsets");
  const forbidden = await examine([crd()], { isForbidden });
  assert.equal(forbidden(MEANING).message, "this user may not list SidecarSets");
  const definition = crd();
  const versions = definition.spec.versions.map((version) => ({ ...version, served: false }));
  const unserved = await examine([{ ...definition, spec: { versions } }]);
  assert.equal(unserved("finalizers").message, "the definition serves no version of SidecarSets");
});

Deno.test("doctor --from-openkruise names the fields that mean something else, by SidecarSet", async () => {
  const check = await found(
    MEANING,
    crd(),
    sidecarSet("same", {}),
    sidecarSet("open", { failurePolicy: undefined }),
    sidecarSet("shared", {
      containers: [{ name: "c", image: "c:1", shareVolumePolicy: { type: "enabled" } }],
    }),
  );
  assert.equal(check.status, "warning", check.message);
  assert.match(check.message, /^failurePolicy: .* \(open\); shareVolumePolicy: .* \(shared\)$/);
  assert.deepEqual(check.commands, [
    `kubectl patch sidecarset open --type merge -p '{"spec":{"failurePolicy":"Fail"}}'`,
  ]);
  const same = await found(MEANING, crd(), sidecarSet("same", {}));
  assert.equal(same.status, "ok");
});

Deno.test("doctor --from-openkruise finds finalizers, and a definition that is being deleted", async () => {
  const held = await found("finalizers", crd(), sidecarSet("held", {}, { finalizers: ["x/y"] }));
  assert.deepEqual(held.commands, [
    `kubectl patch sidecarset held --type merge -p '{"metadata":{"finalizers":null}}'`,
  ]);
  const deleted = crd();
  const metadata = { ...deleted.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  const check = await found("finalizers", { ...deleted, metadata });
  assert.equal(check.status, "error");
});
