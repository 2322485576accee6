import assert from "node:assert/strict";
import { secretStore } from "../../../lib/webhook/certificates/secret_store.ts";
import { RecordingClient } from "../../support/recording_client.ts";

Deno.test("secretStore() changes the certificates of a Secret and leaves what others have set on it", async () => {
  const metadata = {
    name: "ca",
    namespace: "system",
    uid: "1",
    resourceVersion: "7",
    labels: { team: "shop" },
    annotations: { "example.com/backup": "daily" },
    ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "2" }],
  };
  const stored = { metadata, type: "kubernetes.io/tls", data: { "tls.crt": btoa("old") } };
  const client = new RecordingClient(({ body }) => body === undefined ? stored : Object(body));
  const store = secretStore({ client, namespace: "system", name: "ca" });
  const known = await store.get();
  assert.deepEqual(known?.data, { "tls.crt": "old" });
  assert.ok(await store.update({ "tls.crt": "new", "tls.key": "key" }, known.secret));
  const written = client.requests.at(-1);
  assert.equal(written?.method, "PUT");
  assert.deepEqual(written?.body, {
    apiVersion: "v1",
    kind: "Secret",
    metadata,
    type: "kubernetes.io/tls",
    data: { "tls.crt": btoa("new"), "tls.key": btoa("key") },
  });
});
