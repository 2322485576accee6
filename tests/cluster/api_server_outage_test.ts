import assert from "node:assert/strict";
import { join } from "node:path";
import { create, remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { countRequests } from "../support/audit.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { startController } from "../support/controller_process.ts";
import { eventually } from "../support/eventually.ts";
import { install } from "../support/installation.ts";
import { namesOf } from "../support/injection.ts";
import { kubeconfigText } from "../support/kubeconfig.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { metricsOf } from "../support/metrics.ts";
import { createSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";
import { WebhookCaller } from "../support/webhook_caller.ts";

const labels = { app: "web" };
const spec = { containers: [{ name: "main", image: "main:1" }] };

/**
 * Tokens of the controller's ServiceAccount, each valid while its own Secret exists, and a kubeconfig
 * that names their file.
 */
class RotatedToken {
  readonly kubeconfig: string;
  readonly #plane: ControlPlane;
  readonly #file: string;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#file = join(plane.folder, "token");
    this.kubeconfig = join(plane.folder, "rotated.kubeconfig");
  }

  /** Makes a new token, which the controller finds in the file from now on. */
  async issue(name: string): Promise<string> {
    const namespace = "sidecarset-system";
    const secret = await send(
      this.#plane.client,
      create(resources.secrets, { namespace, body: { metadata: { name } } }),
    );
    const token = await kubectlOutput([
      ...["create", "token", "sidecarset", "--namespace", namespace],
      ...["--bound-object-kind", "Secret", "--bound-object-name", name],
      ...["--bound-object-uid", secret.metadata.uid ?? ""],
    ], this.#plane);
    await Deno.writeTextFile(this.#file, token);
    await Deno.writeTextFile(
      this.kubeconfig,
      kubeconfigText({
        server: this.#plane.url,
        ca: join(this.#plane.folder, "pki", "apiserver.crt"),
        user: "sidecarset",
        credentials: { tokenFile: this.#file },
      }),
    );
    return token.trim();
  }

  /** Ends the token that was issued under this name; resolves when the API server knows. */
  async revoke(name: string, token: string): Promise<void> {
    const ref = { namespace: "sidecarset-system", name };
    await send(this.#plane.client, remove(resources.secrets, ref));
    using client = Deno.createHttpClient({ caCerts: [this.#plane.ca] });
    await eventually(async () => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${this.#plane.url}/api`, { client, headers });
      await answer.body?.cancel();
      return answer.status === 401;
    }, { what: `the token ${name} is refused` });
  }
}

Deno.test("the controller while the API server is away", async (t) => {
  await using plane = await startControlPlane({ kubelet: false, audit: true });
  await install(plane);
  const rotated = new RotatedToken(plane);
  const first = await rotated.issue("first");
  await using controller = await startController({ kubeconfig: rotated.kubeconfig });
  const pods = new ClusterPods(plane.client);
  const createInjected = async (name: string) => {
    const pod = await pods.create(name, { labels, spec });
    assert.deepEqual(namesOf(pod.spec.containers), ["agent", "main"], `Pod ${name}`);
  };
  const untilCounted = (count: number) =>
    untilSidecarSet(plane, "web", {
      what: `counts ${count} Pods`,
      is: ({ status }) => status?.matchedPods === count && status.updatedPods === count,
    });

  /**
   * What the controller asked for while something was done, without lists of one object, which ask for the store's
   * version.
   */
  const requestsDuring = async (act: () => Promise<void>) => {
    const before = (await plane.controllerRequests()).length;
    await act();
    const requests = (await plane.controllerRequests()).slice(before);
    return countRequests(requests.filter(({ uri }) => !/[?&]limit=1(&|$)/.test(uri)));
  };

  await createSidecarSet(plane, "web", {
    selector: { matchLabels: labels },
    containers: [{ name: "agent", image: "agent:1" }],
  });
  await createInjected("before");
  await untilCounted(1);
  using caller = await WebhookCaller.create(plane, controller);

  await t.step("a token file that is rotated is read again, and nothing is lost", async () => {
    await rotated.issue("second");
    await rotated.revoke("first", first);
    await createInjected("rotated");
    await untilCounted(2);
  });

  await t.step("an API server that answers nothing for a while costs no list", async () => {
    const requests = await requestsDuring(async () => {
      plane.pauseApiServer();
      await eventually(async () => {
        const ages = (await metricsOf(controller)).get("sidecarset_watch_age_seconds");
        return ages !== undefined && [...ages.values()].every((seconds) => seconds > 3);
      }, { what: "no watch has said anything for 3 s" });
      plane.resumeApiServer();
      await createInjected("resumed");
      await untilCounted(3);
    });
    const repeated = Object.keys(requests).filter((request) => /^(list|watch) /.test(request));
    // These two end every few seconds, so that it is known whether they are alive.
    const short = new Set(["watch sidecarsets", "watch namespaces"]);
    assert.deepEqual(repeated.filter((request) => !short.has(request)), []);
  });

  await t.step("an API server that is killed costs each watch one list at most", async () => {
    const requests = await requestsDuring(async () => {
      await plane.restartApiServer("SIGKILL");
      // The webhook answers 503 until it has compared the version of the store.
      await caller.until(200);
      await pods.remove("before");
      for (const name of ["first", "second", "third"]) await createInjected(name);
      await untilCounted(5);
      assert.equal((await pods.list("app=web")).length, 5);
    });
    for (const [request, count] of Object.entries(requests)) {
      const [verb, resource = ""] = request.split(" ");
      // The controller watches ConfigMaps twice: the allow-list, and the records of clean-ups.
      const watches = resource === "configmaps" ? 2 : 1;
      if (verb === "list") assert.ok(count <= watches, `${request}: ${count}`);
      // Refused until the roles are read, too old after that, then open.
      if (verb === "watch") assert.ok(count <= 5 * watches, `${request}: ${count}`);
    }
    assert.ok((requests["patch sidecarsets/status"] ?? 0) <= 5, JSON.stringify(requests));
    const ready = await fetch(`${controller.healthUrl}/readyz`);
    assert.equal(ready.status, 200, await ready.text());
  });
});
