import assert from "node:assert/strict";
import {
  AUTHORITY_SECRET,
  INSTALLATION,
  RENEWAL_ANNOTATION,
  REPLICA_CERTIFICATE_ANNOTATION,
  REPLICA_LABEL,
} from "../../../lib/api/names.ts";
import { authorityData, readAuthority } from "../../../lib/webhook/certificates/identity.ts";
import { issueAuthority } from "../../../lib/webhook/certificates/issue.ts";
import { clusterOf } from "../object_cluster.ts";
import { runCli, type StringTerminalOptions } from "../string_terminal.ts";

const NAMESPACE = "sidecarset-system";
const NOW = new Date("2026-01-01T12:00:00Z");
const old = await issueAuthority({ now: NOW, lifetimeSeconds: 86_400 });
const previous = await issueAuthority({ now: NOW, lifetimeSeconds: 86_400 });

function secret() {
  const data = Object.entries(authorityData({ current: old, previous }));
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: AUTHORITY_SECRET, namespace: NAMESPACE, resourceVersion: "7" },
    data: Object.fromEntries(data.map(([key, value]) => [key, btoa(value)])),
  };
}

function replica(name: string, fingerprint: string) {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { [REPLICA_LABEL]: "" },
      annotations: { [REPLICA_CERTIFICATE_ANNOTATION]: fingerprint },
    },
    spec: { holderIdentity: `pod-${name}` },
  };
}

function registration(kind: string, caBundle: string) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name: INSTALLATION },
    webhooks: [{
      name: "pods",
      clientConfig: {
        service: { name: "sidecarset-webhook", namespace: NAMESPACE },
        caBundle: btoa(caBundle),
      },
    }],
  };
}

function scene() {
  const replicas = [replica("a", "AA"), replica("b", "BB")];
  const registrations = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]
    .map((kind) => registration(kind, old.cert + previous.cert));
  const cluster = clusterOf([secret(), ...replicas, ...registrations]);
  return { cluster, replicas, registrations };
}

interface WrittenSecret {
  metadata: { resourceVersion?: string; annotations?: Record<string, string> };
  data: Record<string, string>;
}

function written(writes: readonly string[]): WrittenSecret {
  assert.equal(writes.length, 1);
  const [method, path, ...body] = (writes[0] ?? "").split(" ");
  assert.equal(method, "PUT");
  assert.equal(path, `/api/v1/namespaces/${NAMESPACE}/secrets/${AUTHORITY_SECRET}`);
  return JSON.parse(body.join(" "));
}

const renew = (options: string, terminal: StringTerminalOptions) =>
  runCli(["certificates", "renew", ...options.split(" ").filter(Boolean)], terminal);

Deno.test("certificates renew requests new serving certificates and waits for every replica", async () => {
  const { cluster, replicas } = scene();
  let sleeps = 0;
  const ran = await renew("--yes", {
    client: cluster.client,
    onSleep() {
      const lease = replicas[sleeps++];
      if (lease) lease.metadata.annotations[REPLICA_CERTIFICATE_ANNOTATION] = `new ${sleeps}`;
    },
  });
  assert.equal(ran.status, 0, ran.errors);
  assert.equal(
    ran.output,
    `secret/${AUTHORITY_SECRET} renewal requested\nEvery replica serves a new certificate.\n`,
  );
  assert.match(ran.errors, /^Waiting for up to 300 s: .* served by pod-a, pod-b\n$/);
  assert.equal(sleeps, 2);
  const { metadata, data } = written(cluster.writes());
  assert.equal(metadata.annotations?.[RENEWAL_ANNOTATION], NOW.toISOString());
  assert.equal(metadata.resourceVersion, "7");
  assert.deepEqual(data, secret().data);
});

Deno.test("certificates renew --authority stores an authority, and waits for the end of the others", async () => {
  const { cluster, registrations } = scene();
  const states: string[] = [];
  const ran = await renew("--authority -y", {
    client: cluster.client,
    onSleep() {
      const next = atob(written(cluster.writes()).data["tls.crt"] ?? "");
      states.push(["both", "new"][states.length] ?? "");
      const bundle = states.length === 1 ? old.cert + next : next;
      for (const { webhooks: [entry] } of registrations) {
        if (entry) entry.clientConfig.caBundle = btoa(bundle);
      }
    },
  });
  assert.equal(ran.status, 0, ran.errors);
  assert.match(ran.output, /the old one is not trusted any more\.\n$/);
  assert.deepEqual(states, ["both", "new"]);
  const { data } = written(cluster.writes());
  assert.deepEqual(Object.keys(data), ["tls.crt", "tls.key"]);
  const decoded = Object.entries(data).map(([key, value]) => [key, atob(value)]);
  const reading = readAuthority(Object.fromEntries(decoded));
  assert.ok(reading.ok);
  const life = Number(reading.authority.current.notAfter) - NOW.getTime();
  assert.ok(life >= 86_400_000, "as long as the old one");
});

Deno.test("certificates renew reports which replicas have not renewed in time", async () => {
  const { cluster } = scene();
  const ran = await renew("--yes --timeout 3", { client: cluster.client });
  assert.equal(ran.status, 1);
  assert.match(
    ran.errors,
    /Not finished after 3 s: the old certificate is served by pod-a, pod-b\./,
  );
});

Deno.test("certificates renew asks before it changes anything", async () => {
  for (
    const [answer, status, errors] of [
      [false, 1, /^Nothing was changed\.\n$/],
      [undefined, 2, /^Cannot ask for confirmation: standard input is no terminal; add --yes\n$/],
    ] as const
  ) {
    const { cluster } = scene();
    const ran = await renew("", {
      client: cluster.client,
      ...(answer === false ? { answer } : {}),
    });
    assert.equal(ran.status, status);
    assert.match(ran.errors, errors);
    assert.deepEqual(cluster.writes(), []);
  }
});

Deno.test("certificates renew --dry-run writes nothing, or lets the API server validate", async () => {
  for (const [option, writes] of [["--dry-run", 0], ["--dry-run=server --authority", 1]] as const) {
    const { cluster } = scene();
    const ran = await renew(option, { client: cluster.client });
    assert.equal(ran.status, 0, ran.errors);
    assert.match(ran.output, /^secret\/sidecarset-webhook-ca .* \((server )?dry run\)\n$/);
    assert.equal(cluster.writes().length, writes);
    assert.ok(cluster.writes().every((each) => each.includes("?dryRun=All")));
  }
});

Deno.test("certificates renew names cert-manager's command where the certificates come from files", async () => {
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: INSTALLATION, namespace: NAMESPACE },
    spec: {
      template: {
        spec: { containers: [{ name: "c", image: "i", args: ["controller", "--cert-dir=/tls"] }] },
      },
    },
  };
  const ran = await renew("--yes", { client: clusterOf([deployment]).client });
  assert.equal(ran.status, 2);
  assert.match(
    ran.errors,
    /comes from files .*: cmctl renew sidecarset-webhook -n sidecarset-system/,
  );
});

Deno.test("certificates renew says where it looked for the Secret and for replicas", async () => {
  const none = await renew("--yes --authority", { client: clusterOf([]).client });
  assert.equal(none.status, 2);
  assert.match(
    none.errors,
    /^Cannot renew: Secret sidecarset-system\/sidecarset-webhook-ca does not/,
  );
  const unused = await renew("--yes", { client: clusterOf([secret()]).client });
  assert.equal(unused.status, 2);
  assert.match(unused.errors, /^Cannot renew: no replica of the controller runs in namespace/);
});
