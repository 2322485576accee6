import assert from "node:assert/strict";
import { join, relative } from "node:path";
import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { renew, startCertManager } from "../support/cert_manager.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { type ControllerProcess, startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { untilEstablished } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { MountedSecret } from "../support/mounted_secret.ts";
import { refuseNone } from "../support/pod_load.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { serveBehindService, SERVICE_ARGS } from "../support/webhook_service.ts";

const NAMESPACE = "sidecarset-system";
const SECRET = { namespace: NAMESPACE, name: "sidecarset-webhook-tls" };
/** How often files are looked at, and how long clients may take to trust an authority, follows from these. */
const LIFETIMES = ["--certificate-seconds", "12", "--authority-seconds", "24"];
const SERVED = "Serving a new certificate";

/** Applies the manifests with the component, by a kustomization as an administrator writes it. */
async function applyWithComponent(plane: ControlPlane): Promise<void> {
  const folder = join(plane.folder, "overlay");
  await Deno.mkdir(folder);
  const manifests = relative(folder, new URL("../../manifests", import.meta.url).pathname);
  const kustomization = {
    resources: [manifests],
    components: [`${manifests}/components/cert-manager`],
  };
  await Deno.writeTextFile(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
  await kubectlOutput(["apply", "-k", folder], plane);
  await untilEstablished(plane, ["sidecarsets.apps.kruise.io"]);
}

/** The flags that the Deployment gives the controller, with a folder in place of where it mounts the Secret. */
async function deployedFlags(plane: ControlPlane, folder: string): Promise<string[]> {
  const deployment = ["deployment", "sidecarset", "-n", NAMESPACE];
  const printed = await kubectlOutput(["get", ...deployment, "-o", "json"], plane);
  const { containers: [{ args, volumeMounts }], volumes } = JSON.parse(printed).spec.template.spec;
  const volume = volumes.find(({ secret }: { secret?: { secretName: string } }) =>
    secret?.secretName === SECRET.name
  );
  const { mountPath } = volumeMounts.find(({ name }: { name: string }) => name === volume.name);
  const [command, ...flags]: string[] = args;
  assert.equal(command, "controller");
  assert.ok(flags.includes(`--cert-dir=${mountPath}`), flags.join());
  return flags.map((flag) => flag.replace(mountPath, folder));
}

function registrations({ client }: ControlPlane): Promise<WebhookConfiguration[]> {
  const name = "sidecarset";
  return Promise.all([
    send(client, get(resources.mutatingWebhookConfigurations, { name })),
    send(client, get(resources.validatingWebhookConfigurations, { name })),
  ]);
}

/** Waits until API servers trust the authority in the Secret, and no other; resolves to that. */
function trustedAuthority(plane: ControlPlane): Promise<string> {
  return eventually(async () => {
    const { data = {} } = await send(plane.client, get(resources.secrets, SECRET));
    const authority = data["ca.crt"];
    const entries = (await registrations(plane)).flatMap(({ webhooks = [] }) => webhooks);
    return entries.every(({ clientConfig }) => clientConfig.caBundle === authority) && authority;
  }, { what: "API servers trust the authority in the Secret alone", timeout: 60_000 });
}

Deno.test("an installation with certificates from cert-manager", async (t) => {
  await using plane = await startControlPlane({ kubelet: false, controllerManager: true });
  await using _certManager = await startCertManager(plane);
  await using owned = new AsyncDisposableStack();
  const replicas: ControllerProcess[] = [];
  const renewAndServe = async (...names: string[]) => {
    const served = () => replicas.map((replica) => replica.log().split(SERVED).length);
    const before = served();
    for (const name of names) await renew(plane, { namespace: NAMESPACE, name });
    await eventually(() => served().every((count, place) => count > (before[place] ?? 0)), {
      what: "both replicas serve another certificate",
      timeout: 60_000,
    });
  };

  await t.step("gets them", async () => {
    await applyWithComponent(plane);
    const certificates = ["certificate", "--all", "-n", NAMESPACE];
    await kubectlOutput(
      ["wait", "--for=condition=Ready", ...certificates, "--timeout=60s"],
      plane,
    );
  });

  await t.step("serves them at its Service, and injects Pods", async () => {
    const mount = new MountedSecret(join(plane.folder, "certificates"));
    const following = new AbortController();
    const followed = mount.follow(plane, SECRET, following.signal);
    owned.defer(() => {
      following.abort();
      return followed;
    });
    await eventually(() => Deno.stat(join(mount.folder, "tls.crt")), { what: "it is mounted" });
    const args = [...SERVICE_ARGS, ...LIFETIMES, ...await deployedFlags(plane, mount.folder)];
    for (let i = 0; i < 2; i++) {
      const kubeconfig = plane.controllerKubeconfig;
      const replica = owned.use(await startController({ kubeconfig, args }));
      replicas.push(replica);
      await serveBehindService(plane, replica);
    }
    await createSidecarSet(plane, "agent", {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "agent:1" }],
      failurePolicy: "Fail",
    });
    await refuseNone(plane, "first", () => new Promise((resolve) => setTimeout(resolve, 1_000)));
  });

  await t.step("registers its authority itself, and cert-manager leaves that alone", async () => {
    await trustedAuthority(plane);
    const before = await registrations(plane);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const after = await registrations(plane);
    assert.deepEqual(after, before);
    for (const { metadata } of after) {
      assert.deepEqual(metadata.managedFields?.map(({ manager }) => manager), ["sidecarset"]);
    }
  });

  await t.step("takes over a renewed certificate without a refused Pod", async () => {
    const authority = await trustedAuthority(plane);
    await refuseNone(plane, "renewed", () => renewAndServe("sidecarset-webhook"));
    assert.equal(await trustedAuthority(plane), authority);
  });

  await t.step("takes over a renewed authority without a refused Pod", async () => {
    const authority = await trustedAuthority(plane);
    await refuseNone(plane, "another-authority", async () => {
      await renewAndServe("sidecarset-ca", "sidecarset-webhook");
      assert.notEqual(await trustedAuthority(plane), authority);
    });
  });
});
