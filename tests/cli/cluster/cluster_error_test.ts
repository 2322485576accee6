import assert from "node:assert/strict";
import { ApiError, ConnectionError, CredentialsError } from "../../../lib/kube/errors.ts";
import { RecordingClient } from "../../support/recording_client.ts";
import { runCli } from "../string_terminal.ts";

const request = { method: "GET", path: "/x" };

for (
  const [what, error, expected] of [
    [
      "that does not answer",
      new ConnectionError({ ...request, problem: "no answer" }),
      /^Cannot GET \/x: no answer\. Check that the cluster is running and that --context selects/,
    ],
    [
      "for which there are no credentials",
      new CredentialsError("Cannot read /token: there is no such file"),
      /^Cannot read \/token: there is no such file$/,
    ],
    [
      "that is forbidden",
      new ApiError({ ...request, httpCode: 403 }),
      /answered 403: .*\. Ask for the permission, or select a --context that has it$/,
    ],
    [
      "to read SidecarSets that is forbidden",
      new ApiError({
        method: "GET",
        path: "/apis/apps.kruise.io/v1beta1/sidecarsets",
        httpCode: 403,
      }),
      /answered 403: .*\. Ask for the ClusterRole sidecarset-view, or select a --context that has it$/,
    ],
    [
      "to read revisions that is forbidden",
      new ApiError({
        method: "GET",
        path: "/apis/apps/v1/namespaces/system/controllerrevisions",
        httpCode: 403,
      }),
      /\. Ask for the ClusterRole view in namespace system, or select a --context that has it$/,
    ],
    [
      "to read the Pods of all namespaces that is forbidden",
      new ApiError({ method: "GET", path: "/api/v1/pods", httpCode: 403 }),
      /\. Ask for the ClusterRole view for the whole cluster, or select a --context that has it$/,
    ],
    [
      "to change a Deployment that is forbidden",
      new ApiError({
        method: "PATCH",
        path: "/apis/apps/v1/namespaces/shop/deployments/web",
        httpCode: 403,
      }),
      /answered 403: .*\. Ask for the permission, or select a --context that has it$/,
    ],
    [
      "to change a SidecarSet that is forbidden",
      new ApiError({
        method: "PATCH",
        path: "/apis/apps.kruise.io/v1beta1/sidecarsets/web",
        httpCode: 403,
      }),
      /answered 403: .*\. Ask for the ClusterRole sidecarset-edit, or select a --context that has it$/,
    ],
    [
      "whose text has terminal escapes and lines",
      new ConnectionError({ ...request, problem: "no\x1b[31m\nok  answer\x9b2J" }),
      /^Cannot GET \/x: no\uFFFD\[31m ok {2}answer\uFFFD2J\. Check/,
    ],
    [
      "of a kind that is not installed",
      new ApiError({ ...request, httpCode: 404 }),
      /answered 404: .*\. See what is installed with: kubectl sidecarset doctor$/,
    ],
  ] as const
) {
  Deno.test(`a request ${what} ends a command with what to do, and is no bug`, async () => {
    const client = new RecordingClient(() => Promise.reject(error));
    const { status, errors } = await runCli(["rollout", "pause", "web"], {
      client,
      program: "kubectl sidecarset",
    });
    assert.equal(status, 2);
    assert.match(errors.trimEnd(), expected);
  });
}

Deno.test("the error for a SidecarSet that is not there names only some of those that are", async () => {
  const items = Array.from({ length: 20 }, (_, i) => ({ metadata: { name: `set-${i}` } }));
  const client = new RecordingClient(() => ({ metadata: {}, items }));
  const { errors } = await runCli(["status", "none"], { client });
  assert.match(errors, /^Cannot find SidecarSet none: the cluster has set-0, .* and 12 more\n$/);
});

const WITHOUT_KIND = [
  "status",
  "status web",
  "explain pod/web",
  "inject -f pod.yaml --from-cluster",
  "diff -f set.yaml",
  "rollout pause web",
  "rollout resume web --injection",
  "rollout history web",
  "rollout undo web",
  "rollout restart-injection web",
];

for (const command of WITHOUT_KIND) {
  Deno.test(`sidecarset ${command} says that the CustomResourceDefinition is missing`, async () => {
    const client = new RecordingClient(({ path }) =>
      path.includes("/apps.kruise.io/") ? { httpCode: 404 } : {
        metadata: { name: "web", namespace: "default" },
        items: [],
        resources: [],
        spec: { containers: [] },
      }
    );
    const files = {
      "pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: []}\n",
      "set.yaml": "apiVersion: apps.kruise.io/v1beta1\nkind: SidecarSet\nmetadata: {name: web}\n" +
        "spec: {selector: {matchLabels: {a: b}}, containers: [{name: a, image: b}]}\n",
    };
    const { status, errors } = await runCli(command.split(" "), { client, files });
    assert.equal(status, 2);
    assert.equal(
      errors,
      "Cannot find the CustomResourceDefinition sidecarsets.apps.kruise.io with version v1beta1: " +
        "SidecarSet is not installed in this cluster; " +
        "install it with: sidecarset manifests --image IMAGE | kubectl apply -f -\n",
    );
  });
}
