import { isObject, type JsonPatchOperation } from "../../lib/api/json.ts";
import type { Pod } from "../../lib/api/pod.ts";
import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { create, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";

export interface ForeignWebhookOptions {
  /** The API server calls mutating webhooks in the order of these names. */
  name: string;
  /** Only Pods with this label are sent. */
  label: string;
  /** @default {["CREATE"]} */
  operations?: readonly ("CREATE" | "UPDATE")[];
  /** What it changes in a Pod. @default nothing */
  mutate?(pod: Pod): JsonPatchOperation[];
  /** Why it denies a request, with any status code; undefined allows it. @default it denies nothing */
  deny?(pod: Pod): Promise<{ code: number; message: string } | undefined>;
}

/** Another program's mutating webhook for Pods, called again when a later one has changed the Pod. */
export interface ForeignWebhook extends AsyncDisposable {
  /** How often it has been called for the Pod of a name. */
  calls(pod: string): number;
}

/** Serves a webhook in this process and registers it; resolves when the API server calls it. */
export async function serveForeignWebhook(
  plane: ControlPlane,
  options: ForeignWebhookOptions,
): Promise<ForeignWebhook> {
  const { name, label, mutate = () => [], deny = () => Promise.resolve(undefined) } = options;
  const pki = await createTestPki();
  const { cert, key } = await pki.issue();
  const calls = new Map<string, number>();
  const serve = { hostname: "127.0.0.1", port: 0, cert, key, onListen() {} };
  const server = Deno.serve(serve, async (request) => {
    const { uid, object } = podReview(await request.json());
    const podName = object.metadata.name ?? "";
    calls.set(podName, (calls.get(podName) ?? 0) + 1);
    const patch = btoa(JSON.stringify(mutate(object)));
    const denial = await deny(object);
    const response = denial === undefined
      ? { uid, allowed: true, patchType: "JSONPatch", patch }
      : { uid, allowed: false, status: denial };
    return Response.json({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response });
  });
  const body = registration({
    name,
    label,
    operations: options.operations ?? ["CREATE"],
    url: `https://127.0.0.1:${server.addr.port}/`,
    caBundle: btoa(pki.authority.cert),
  });
  await send(plane.client, create(resources.mutatingWebhookConfigurations, { body }));
  await eventually(async () => {
    const metadata = { name: "probe", labels: { [label]: "" } };
    const spec = { containers: [{ name: "main", image: "main:1" }] };
    const probe = { namespace: "default", dryRun: true, body: { metadata, spec } };
    await send(plane.client, create(resources.pods, probe));
    return calls.has("probe");
  }, { what: `the API server calls ${name}` });
  return {
    calls: (pod) => calls.get(pod) ?? 0,
    async [Symbol.asyncDispose]() {
      await send(plane.client, remove(resources.mutatingWebhookConfigurations, { name }));
      await server.shutdown();
    },
  };
}

function podReview(review: unknown): { uid: unknown; object: Pod } {
  const request = isObject(review) && isObject(review.request) ? review.request : {};
  return { uid: request.uid, object: resources.pods.read(request.object) };
}

function registration(
  { name, label, operations, url, caBundle }: {
    name: string;
    label: string;
    operations: readonly ("CREATE" | "UPDATE")[];
    url: string;
    caBundle: string;
  },
): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [{
      name: `${name}.test.example`,
      admissionReviewVersions: ["v1"],
      clientConfig: { caBundle, url },
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      namespaceSelector: {},
      objectSelector: { matchExpressions: [{ key: label, operator: "Exists" }] },
      reinvocationPolicy: "IfNeeded",
      rules: [{
        apiGroups: [""],
        apiVersions: ["v1"],
        operations: [...operations],
        resources: ["pods"],
        scope: "Namespaced",
      }],
      sideEffects: "None",
      timeoutSeconds: 5,
    }],
  };
}
