import assert from "node:assert/strict";
import { get, patch, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { createPods, refuseNone } from "../support/pod_load.ts";
import { ownRefusals } from "../support/refusals.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { UserShell } from "../support/user_shell.ts";

/** What must come together; a slow machine takes longer for it. */
const PODS = 10_000;
const CERTIFICATES = 20;
const AUTHORITIES = 3;
const DEADLINE_MS = 600_000;
const SIGNED = '"Issued a serving certificate"';
const STORED = '"Stored the certificate authority"';
const DAMAGED = '"The Secret of the certificate authority is damaged';
const SECRET = { namespace: "sidecarset-system", name: "sidecarset-webhook-ca" };

Deno.test("certificates that live for seconds never cost a Pod with failurePolicy Fail", async (t) => {
  await using plane = await startControlPlane({ kubelet: false });
  await install(plane);
  // A third of them is the time to renew, which a busy machine may need.
  const lifetimes = ["--certificate-seconds", "15", "--authority-seconds", "40"];
  await using replicas = new Replicas(plane, lifetimes);
  for (let i = 0; i < 2; i++) await replicas.start();
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: { app: "web" } },
    containers: [{ name: "agent", image: "agent:1" }],
    failurePolicy: "Fail",
  });
  const count = (message: string) =>
    replicas.all.reduce((sum, replica) => sum + replica.log().split(message).length - 1, 0);

  await t.step("while 20 serving certificates and 3 authorities change", async () => {
    const started = performance.now();
    const before = { certificates: count(SIGNED), authorities: count(STORED) };
    const changed = () => ({
      certificates: count(SIGNED) - before.certificates,
      authorities: count(STORED) - before.authorities,
    });
    const load = await createPods(plane, {
      labels: { app: "web" },
      sidecar: "agent",
      inFlight: 16,
      name: "web",
      signal: AbortSignal.timeout(DEADLINE_MS),
      isEnough(created) {
        const { certificates, authorities } = changed();
        return created >= PODS && certificates >= CERTIFICATES && authorities >= AUTHORITIES;
      },
    });
    const seconds = (performance.now() - started) / 1_000;
    const { certificates, authorities } = changed();
    console.log(
      `${load.created} Pods, ${certificates} serving certificates, ${authorities} authorities in ` +
        `${seconds.toFixed(0)} s`,
    );
    assert.deepEqual(await ownRefusals(load.refusals), []);
    assert.equal(load.uninjected, 0);
    assert.ok(load.created >= PODS, `only ${load.created} Pods`);
    assert.ok(certificates >= CERTIFICATES, `only ${certificates} serving certificates`);
    assert.ok(authorities >= AUTHORITIES, `only ${authorities} authorities`);
  });

  await t.step("while the Secret is deleted, and damaged", async () => {
    const end = new AbortController();
    const load = createPods(plane, {
      labels: { app: "web" },
      sidecar: "agent",
      inFlight: 4,
      name: "healing",
      signal: end.signal,
    });
    try {
      const damages = count(DAMAGED);
      const body = { data: { "tls.crt": btoa("damaged") } };
      await send(plane.client, patch(resources.secrets, { ...SECRET, type: "merge", body }));
      await eventually(() => count(DAMAGED) > damages, { what: "the damage is seen" });
      await send(plane.client, remove(resources.secrets, SECRET));
      await eventually(() => send(plane.client, get(resources.secrets, SECRET)), {
        what: "the Secret is there again",
      });
    } finally {
      end.abort();
    }
    const { refusals, uninjected, created } = await load;
    const own = await ownRefusals(refusals);
    assert.deepEqual({ own, uninjected }, { own: [], uninjected: 0 });
    assert.ok(created > 0);
  });

  await t.step("while a user renews the serving certificates, and the authority", async () => {
    // Certificates that do not change by themselves meanwhile.
    const args = ["--certificate-seconds", "3600", "--authority-seconds", "60"];
    const old = [...replicas.all];
    await Promise.all(old.map(() => replicas.start({ args })));
    await Promise.all(old.map((each) => each.stop("SIGTERM")));
    for (const each of old) replicas.forget(each);
    await using shell = await UserShell.open(plane.kubeconfig);
    const renew = (options = "") => shell.output(`sidecarset certificates renew --yes ${options}`);
    await refuseNone(plane, "renewed", async () => {
      assert.match(await renew(), /\nEvery replica serves a new certificate\.\n$/);
      const before = await send(plane.client, get(resources.secrets, SECRET));
      assert.match(await renew("--authority"), /the old one is not trusted any more\.\n$/);
      const after = await send(plane.client, get(resources.secrets, SECRET));
      assert.notEqual(after.data?.["tls.crt"], before.data?.["tls.crt"]);
    });
  });
});
