import assert from "node:assert/strict";
import { join } from "node:path";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";
import { REPLICA_LABEL } from "../../lib/api/names.ts";
import { get, list } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { foreignAuthority, MountedSecret, servingFiles } from "../support/mounted_secret.ts";
import { refuseNone } from "../support/pod_load.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";

/** How often replicas look after certificates and each other follows from these. */
const LIFETIMES = ["--certificate-seconds", "12", "--authority-seconds", "3600"];
const NAMESPACE = "sidecarset-system";

/** Applies the rights that the program has with its own certificates, or with provided ones. */
async function applyRights(plane: ControlPlane, certManager: boolean): Promise<void> {
  const items = installationObjects({ certManager }).filter(({ kind }) => kind === "Role");
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/** The authorities that API servers trust, as PEM texts. */
async function trusted({ client }: ControlPlane): Promise<string[]> {
  const name = "sidecarset";
  const answers = await Promise.all([
    send(client, get(resources.mutatingWebhookConfigurations, { name })),
    send(client, get(resources.validatingWebhookConfigurations, { name })),
  ]);
  const bundles = new Set(
    answers.flatMap(({ webhooks = [] }) =>
      webhooks.map((each) => each.clientConfig.caBundle ?? "")
    ),
  );
  assert.equal(bundles.size, 1, "every entry has the same authorities");
  return [...bundles].flatMap((each) => atob(each).match(/-+BEGIN[^-]+-+[^-]+-+END[^-]+-+/g) ?? []);
}

/** Waits until each replica has renewed its Lease, whereby the leader has listed the other replicas' authorities. */
async function untilRenewed({ client }: ControlPlane, times: number): Promise<void> {
  const renewals = async () => {
    const { items } = await send(client, list(resources.leases, { namespace: NAMESPACE }));
    return items.filter(({ metadata }) => metadata.labels?.[REPLICA_LABEL] !== undefined)
      .map(({ metadata: { name }, spec }) => `${name} ${spec?.renewTime}`);
  };
  for (let i = 0; i < times; i++) {
    const before = new Set(await renewals());
    await eventually(async () => {
      const after = await renewals();
      return after.length >= 2 && after.every((each) => !before.has(each));
    }, { what: "all replicas have renewed their Leases" });
  }
}

Deno.test("an installation moves from its own certificates to provided ones, and back", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  await using replicas = new Replicas(plane, LIFETIMES);
  for (let i = 0; i < 2; i++) await replicas.start();
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
    failurePolicy: "Fail",
  });
  const mount = new MountedSecret(join(plane.folder, "certificates"));
  const foreign = await foreignAuthority();
  await mount.put(await servingFiles(foreign));
  const withFiles = ["--cert-dir", mount.folder];
  const [own = ""] = await trusted(plane);
  const isTrusted = (...authorities: string[]) =>
    eventually(async () => {
      const found = await trusted(plane);
      return found.length === authorities.length &&
        authorities.every((each) => found.includes(each.trim()));
    }, { what: `the registration has exactly ${authorities.length} authorities` });
  /** As a Deployment does it: a new one gets ready, then an old one ends. */
  const replaceAll = async (args: readonly string[]) => {
    for (const old of [...replicas.all]) {
      await replicas.start({ args });
      await old.stop("SIGTERM");
      replicas.forget(old);
    }
  };

  await t.step("one replica after another, and no Pod is refused", async () => {
    await refuseNone(plane, "to-files", async () => {
      await applyRights(plane, true);
      await replaceAll(withFiles);
      await isTrusted(foreign.cert);
    });
    await refuseNone(plane, "to-its-own", async () => {
      await applyRights(plane, false);
      await replaceAll([]);
      await isTrusted(own);
    });
  });

  await t.step("while a new replica leads and an old one still serves", async () => {
    const [first, second] = replicas.all;
    assert.ok(first && second);
    const fresh = await replicas.start({ args: withFiles });
    await isTrusted(own, foreign.cert);
    // Only the new one can become the leader.
    replicas.balancer.remove(second);
    second.signal("SIGSTOP");
    await first.stop("SIGTERM");
    replicas.forget(first);
    await eventually(async () => await replicas.leader() === fresh, {
      what: "the new replica leads",
    });
    second.signal("SIGCONT");
    await replicas.reconnect();
    await refuseNone(plane, "both", () => untilRenewed(plane, 2));
    await isTrusted(own, foreign.cert);
  });

  await t.step(
    "until the last replica that needs an authority has ended, even if it was killed",
    async () => {
      const [last, fresh] = replicas.all;
      assert.ok(last && fresh);
      replicas.balancer.remove(last);
      await last.stop("SIGKILL");
      replicas.forget(last);
      await refuseNone(plane, "after", () => isTrusted(foreign.cert).then(() => {}));
      await fresh.stop("SIGTERM");
      const { items } = await send(plane.client, list(resources.leases, { namespace: NAMESPACE }));
      assert.deepEqual(items.map(({ metadata }) => metadata.name), ["sidecarset"]);
    },
  );
});
