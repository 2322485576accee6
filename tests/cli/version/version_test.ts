import assert from "node:assert/strict";
import { REPLICA_LABEL, REPLICA_VERSION_ANNOTATION } from "../../../lib/api/names.ts";
import { PROGRAM_VERSION } from "../../../lib/cli/version/version.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli } from "../string_terminal.ts";

const OWN = {
  version: PROGRAM_VERSION,
  deno: Deno.version.deno,
  platform: `${Deno.build.os}/${Deno.build.arch}`,
  apiVersions: ["apps.kruise.io/v1alpha1", "apps.kruise.io/v1beta1"],
};
const OWN_TEXT = `sidecarset ${OWN.version} (Deno ${OWN.deno}, ${OWN.platform})\n` +
  `API ${OWN.apiVersions.join(", ")}\n`;

function replica(name: string, version?: string) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name,
      namespace: "sidecarset-system",
      labels: { [REPLICA_LABEL]: "" },
      annotations: version === undefined ? {} : { [REPLICA_VERSION_ANNOTATION]: version },
    },
    spec: { holderIdentity: name },
  };
}

Deno.test("sidecarset version --client names the program, what it runs on and the API, without a cluster", async () => {
  const { output, errors, status } = await runCli(["version", "--client"]);
  assert.deepEqual({ output, errors, status }, { output: OWN_TEXT, errors: "", status: 0 });
});

Deno.test("sidecarset version --client prints data for programs", async () => {
  const { output } = await runCli(["version", "--client", "-o", "json"]);
  assert.deepEqual(JSON.parse(output), OWN);
});

Deno.test("sidecarset version names the version of each group of replicas, and warns of another", async () => {
  const { client } = clusterOf([
    replica("a", "9.9.9"),
    replica("b", PROGRAM_VERSION),
    replica("c"),
  ]);
  const { output, errors, status } = await runCli(["version"], { client });
  assert.equal(status, 0);
  assert.equal(
    output,
    `${OWN_TEXT}Controller 9.9.9 (1 replica), ${PROGRAM_VERSION} (1 replica), unknown (1 replica)\n` +
      "Kubernetes v1.34.0\n",
  );
  assert.match(errors, /^Warning: the controller has version 9\.9\.9, unknown, this program .*\n$/);
});

Deno.test("sidecarset version prints the controller's versions as data", async () => {
  const { client } = clusterOf([replica("a", PROGRAM_VERSION), replica("b", PROGRAM_VERSION)]);
  const { output, errors } = await runCli(["version", "-o", "json"], { client });
  assert.equal(errors, "");
  const controller = ["a", "b"].map((replica) => ({ replica, version: PROGRAM_VERSION }));
  assert.deepEqual(JSON.parse(output), { ...OWN, controller, kubernetes: "v1.34.0" });
});

Deno.test("sidecarset version names the missing right to a user without rights", async () => {
  const { client } = clusterOf([], { isForbidden: ({ path }) => path !== "/version" });
  const { output, errors, status } = await runCli(["version"], { client });
  assert.equal(status, 0);
  assert.equal(output, `${OWN_TEXT}Kubernetes v1.34.0\n`);
  assert.equal(
    errors,
    "The controller's version is unknown: this user may not list leases.coordination.k8s.io " +
      "in namespace sidecarset-system\n",
  );
});

Deno.test("sidecarset version prints its own version where the cluster cannot be reached", async () => {
  const { output, errors, status } = await runCli(["version"]);
  assert.equal(status, 1);
  assert.equal(output, OWN_TEXT);
  assert.match(
    errors,
    /^The versions of the cluster are unknown: .*\. Without a cluster, use --client\n$/,
  );
});
