import assert from "node:assert/strict";
import { ALL_COMPONENTS, installationObjects } from "../../../lib/cli/manifests/installation.ts";
import { RecordingClient } from "../../support/recording_client.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const registration = (kind: string) => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  metadata: { name: "sidecarset" },
});
const role = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "sidecarset" },
};
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "sidecarset-1",
    namespace: "sidecarset-system",
    labels: { "app.kubernetes.io/name": "sidecarset" },
  },
  spec: { containers: [] },
};

Deno.test("uninstall that is interrupted leaves the controller its rights", async () => {
  const cluster = clusterOf([registration("MutatingWebhookConfiguration"), role, pod]);
  const onSleep = () => {
    throw new Error("Ctrl-C");
  };
  const { status, output } = await runCli(["uninstall"], { client: cluster.client, onSleep });
  assert.equal(status, 130);
  assert.equal(output, "mutatingwebhookconfiguration/sidecarset deleted\n");
});

Deno.test("uninstall removes a registration that the controller writes again while it ends", async () => {
  const objects = [registration("MutatingWebhookConfiguration"), role, pod];
  const cluster = clusterOf(objects);
  const { client } = cluster;
  const onSleep = () => cluster.store(registration("MutatingWebhookConfiguration"));
  const { status, output } = await runCli(["uninstall"], { client, onSleep });
  assert.equal(status, 1);
  assert.equal(output, "mutatingwebhookconfiguration/sidecarset deleted\n");
  const deletions = cluster.writes().filter((line) => line.startsWith("DELETE "));
  assert.ok(deletions.length > 100, "it is removed at each look");
});

Deno.test("uninstall removes all objects of all components but the kind and the namespace", async () => {
  const client = new RecordingClient(({ path }) => {
    if (path.endsWith("/pods") || path.endsWith("/sidecarsets")) return { metadata: {}, items: [] };
    return path.includes("/leases/") ? { httpCode: 404 } : { metadata: {} };
  });
  const { status, output } = await runCli(["uninstall"], { client });
  assert.equal(status, 0);
  const installed = installationObjects(ALL_COMPONENTS).map(({ kind, metadata }) =>
    `${String(kind).toLowerCase()}/${Object(metadata).name}`
  ).filter((object) => !/^(customresourcedefinition|namespace)\//.test(object));
  const registrations = ["mutating", "validating"].map((kind) =>
    `${kind}webhookconfiguration/sidecarset`
  );
  for (const kind of ["mutatingadmissionpolicy", "mutatingadmissionpolicybinding"]) {
    registrations.push(`${kind}/sidecarset`, `${kind}/sidecarset-probe`);
  }
  const removed = [...output.matchAll(/^(\S+) deleted$/gm)].map(([, object]) => object);
  assert.deepEqual(removed.toSorted(), [...installed, ...registrations].toSorted());
});

Deno.test("uninstall names the Helm release that it leaves, with the command that removes it", async () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: "sidecarset",
      namespace: "sidecarset-system",
      annotations: {
        "meta.helm.sh/release-name": "mesh",
        "meta.helm.sh/release-namespace": "sidecarset-system",
      },
    },
  };
  for (const args of [["uninstall", "--dry-run"], ["uninstall"]]) {
    const { status, output } = await runCli(args, { client: clusterOf([deployment]).client });
    assert.equal(status, 0);
    assert.match(output, /\nHelm release mesh +helm uninstall mesh -n sidecarset-system\n/);
  }
});
