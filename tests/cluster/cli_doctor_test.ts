import assert from "node:assert/strict";
import { join } from "node:path";
import type { WebhookConfiguration } from "../../lib/api/webhook_configuration.ts";
import { get, remove, update } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { kubeconfigText } from "../support/kubeconfig.ts";
import { kruiseRegistration } from "../support/openkruise.ts";
import { Replicas } from "../support/replicas.ts";
import { createSidecarSet } from "../support/sidecarsets.ts";
import { UserShell } from "../support/user_shell.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";

const KINDS = [
  resources.mutatingWebhookConfigurations,
  resources.validatingWebhookConfigurations,
] as const;
const name = "sidecarset";
const web = { labels: { app: "web" }, spec: { containers: [{ name: "main", image: "main:1" }] } };

interface Check {
  name: string;
  status: "ok" | "warning" | "error" | "skipped";
  message: string;
  remedy?: string;
}

/** What the doctor finds, by the checks' names. */
class Findings {
  readonly code: number;
  readonly checks: readonly Check[];

  constructor(code: number, checks: readonly Check[]) {
    this.code = code;
    this.checks = checks;
  }

  with(status: Check["status"]): string[] {
    return this.checks.filter((check) => check.status === status).map(({ name }) => name);
  }

  /** Asserts that a check found this, and has a remedy. */
  assertFound(name: string, status: Check["status"], message: RegExp): void {
    const found = this.checks.find((check) => check.name === name);
    assert.ok(found, `there is no check ${name} among ${this.checks.map(({ name }) => name)}`);
    assert.equal(found.status, status, `${name}: ${found.message}`);
    assert.match(found.message, message);
    if (status === "error" || status === "warning") assert.ok(found.remedy);
  }
}

async function examine(shell: UserShell, options = ""): Promise<Findings> {
  const { code, stdout, stderr } = await shell.run(`kubectl sidecarset doctor -o json ${options}`);
  assert.equal(stderr, "");
  const { checks }: { checks: Check[] } = JSON.parse(stdout);
  return new Findings(code, checks);
}

async function changeRegistration(
  { client }: ControlPlane,
  change: (configuration: WebhookConfiguration) => void,
): Promise<void> {
  for (const kind of KINDS) {
    const body = structuredClone(await send(client, get(kind, { name })));
    change(body);
    await send(client, update(kind, { name, body }));
  }
}

Deno.test("doctor and uninstall on a real control plane", async (t) => {
  await using plane = await startControlPlane({ controllerManager: true });
  await using shell = await UserShell.open(plane.kubeconfig);
  const { client } = plane;
  const pods = new ClusterPods(client);
  const kubectl = (args: string) => shell.output(`kubectl ${args}`);

  await t.step("doctor says where nothing is installed how to install it", async () => {
    const found = await examine(shell);
    assert.equal(found.code, 1);
    found.assertFound("CustomResourceDefinition", "error", /is missing$/);
    assert.equal(found.checks.length, 2);
  });

  await t.step("manifests prints what kubectl applies", async () => {
    const applied = await shell.output("sidecarset manifests | kubectl apply -f -");
    assert.match(applied, /^deployment\.apps\/sidecarset created$/m);
    assert.equal(await shell.output("sidecarset manifests | kubectl diff -f -"), "");
    await kubectl("wait --for=condition=Available deployment/sidecarset -n sidecarset-system");
  });

  // The programs in the Deployment's Pods are make-believe: this one is real.
  await using replicas = new Replicas(plane);
  const controller = await replicas.start();
  const agent = (app: string, more: object = {}) => ({
    selector: { matchLabels: { app } },
    containers: [{ name: `agent-${app}`, image: "agent:1" }],
    ...more,
  });
  await createSidecarSet(plane, "logging", agent("web"));
  await pods.create("web", web);

  await t.step("doctor finds nothing wrong with a new installation", async () => {
    const found = await eventually(async () => {
      const found = await examine(shell);
      assert.deepEqual(found.checks.filter(({ status }) => status !== "ok"), []);
      return found;
    }, { what: "the doctor finds nothing wrong" });
    assert.equal(found.code, 0);
    found.assertFound("authority of the caBundle", "ok", /^valid until 20\d\d-.*\(36\d\d days\)$/);
    found.assertFound("replicas", "ok", /^2 of 2 replicas of sidecarset:latest are ready$/);
    const text = await shell.run("sidecarset doctor");
    assert.match(text.stderr, /^\d+ checks: \d+ ok, 0 warnings, 0 errors, 0 skipped\n$/);
    assert.deepEqual(text.stdout.split("\n").filter((line) => line.length > 80), []);
  });

  await t.step("version shows the version of each replica, and of the API server", async () => {
    const versions = await shell.output("sidecarset version");
    assert.match(
      versions,
      /^sidecarset (\S+) .*\n.*\nController \1 \(1 replica\)\nKubernetes v1\.\d+/,
    );
  });

  await t.step("completion lists the SidecarSets and namespaces of the cluster", async () => {
    assert.equal(await shell.output('sidecarset __complete sidecarsets -- status ""'), "logging\n");
    const namespaces = await shell.output('sidecarset __complete namespaces -- explain -n ""');
    assert.match(namespaces, /^sidecarset-system$/m);
  });

  await t.step("doctor reports SidecarSets that select nothing, and overlaps", async () => {
    await createSidecarSet(plane, "idle", agent("absent"));
    await createSidecarSet(plane, "second", {
      ...agent("second"),
      selector: { matchExpressions: [{ key: "app", operator: "In", values: ["web", "db"] }] },
    });
    const found = await examine(shell);
    assert.equal(found.code, 0);
    found.assertFound("SidecarSets select Pods", "warning", /selected by: idle$/);
    found.assertFound("SidecarSets that can select the same Pods", "ok", /^logging and second$/);
    await kubectl("delete sidecarset idle second");
  });

  await t.step("doctor skips what a user may not see", async () => {
    await kubectl("create serviceaccount unprivileged");
    const token = (await kubectl("create token unprivileged")).trim();
    const ca = join(shell.folder, "ca.crt");
    await Deno.writeTextFile(ca, plane.ca);
    const user = { user: "unprivileged", credentials: { token } };
    await shell.write("unprivileged.yaml", kubeconfigText({ server: plane.url, ca, ...user }));
    const found = await examine(shell, "--kubeconfig unprivileged.yaml");
    assert.equal(found.code, 0);
    assert.deepEqual(found.with("error"), []);
    assert.deepEqual(found.with("ok"), ["API server"]);
    assert.ok(found.with("skipped").length >= 7);
    found.assertFound(
      "your rights",
      "warning",
      /list\/patch sidecarsets\.apps\.kruise\.io, list pods/,
    );
  });

  await t.step("explain and status show a namespace's developer what the Pods record", async () => {
    await kubectl("create rolebinding dev --clusterrole view --user dev -n default");
    const explained = await eventually(async () => {
      const ran = await shell.run("sidecarset explain pod/web -n default --as dev");
      assert.equal(ran.code, 0, ran.stderr);
      return ran;
    }, { what: "the role is active" });
    assert.match(explained.stdout, /\n {2}1 SidecarSet injected, by the Pod's annotations\.\n/);
    assert.match(explained.stderr, /\n {2}list sidecarsets\.apps\.kruise\.io:\n/);
    assert.doesNotMatch(explained.stderr, /namespaces\/default/);
    const status = await shell.run("sidecarset status --as dev");
    assert.equal(status.code, 0, status.stderr);
    assert.match(status.stdout, /^In the Pods of namespace default:\n.*\nlogging {2}1 /);
    await kubectl("create clusterrolebinding dev --clusterrole sidecarset-view --user dev");
    await eventually(async () => {
      const { stdout } = await shell.run("sidecarset explain pod/web -n default --as dev");
      assert.match(stdout, /\n {2}logging {2}injected, up to date\n/);
      return stdout;
    }, { what: "the developer may list SidecarSets" });
  });

  controller.signal("SIGSTOP");

  await t.step("doctor finds that the webhook does not answer", async () => {
    await pods.create("late", web);
    const found = await examine(shell);
    assert.equal(found.code, 1);
    found.assertFound(
      "webhook injects SidecarSet logging",
      "error",
      /created without its sidecars/,
    );
    found.assertFound("webhook answers about SidecarSets", "error", /failed calling webhook/);
  });

  await t.step("doctor finds a wrong caBundle and a scope that leaves Pods out", async () => {
    const { authority } = await createTestPki();
    await changeRegistration(plane, ({ webhooks = [] }) => {
      for (const entry of webhooks) {
        entry.clientConfig.caBundle = btoa(authority.cert);
        entry.matchConditions = [{ name: "none", expression: "false" }];
      }
    });
    const found = await examine(shell);
    assert.equal(found.code, 1);
    found.assertFound(
      "certificate of the webhook",
      "error",
      /does not contain its certificate authority/,
    );
    found.assertFound(
      "registration's scope",
      "error",
      /differs from what the SidecarSets .* require/,
    );
    found.assertFound("webhook injects SidecarSet logging", "error", /without its sidecars/);
  });

  await t.step("doctor finds missing registrations and rights, and OpenKruise", async () => {
    for (const kind of KINDS) await send(client, remove(kind, { name }));
    await kubectl("delete clusterrolebinding sidecarset");
    await kubectl("create namespace kruise-system");
    await kubectl("create deployment kruise-controller-manager --image=kruise -n kruise-system");
    await shell.write(
      "kruise.json",
      JSON.stringify({ apiVersion: "v1", kind: "List", items: kruiseRegistration() }),
    );
    await kubectl("create -f kruise.json");
    const found = await examine(shell);
    assert.equal(found.code, 1);
    found.assertFound(
      "webhook registration",
      "error",
      /MutatingWebhookConfiguration and Validating.* missing/,
    );
    found.assertFound("webhook answers about SidecarSets", "error", /was accepted$/);
    found.assertFound(
      "controller's rights",
      "error",
      /may not get\/list\/watch sidecarsets.*, get\/list\/watch\/patch pods, /,
    );
    found.assertFound(
      "OpenKruise",
      "error",
      /the Deployment kruise-system\/kruise-controller-manager runs$/,
    );
    await kubectl("delete -f kruise.json");
    await kubectl("delete namespace kruise-system --wait=false");
    await shell.output("sidecarset manifests | kubectl apply -f -");
  });

  await t.step("doctor finds a version that is not served", async () => {
    const served = (is: boolean) =>
      kubectl(
        "patch crd sidecarsets.apps.kruise.io --type json -p " +
          `'[{"op": "replace", "path": "/spec/versions/0/served", "value": ${is}}]'`,
      );
    await served(false);
    const found = await examine(shell);
    assert.equal(found.code, 1);
    found.assertFound("CustomResourceDefinition", "error", /does not serve v1alpha1$/);
    await served(true);
  });

  controller.signal("SIGCONT");

  await t.step(
    "doctor sees the controller repair it, and reports the Pod that was missed",
    async () => {
      const found = await eventually(async () => {
        const found = await examine(shell);
        assert.deepEqual(found.with("error"), []);
        return found;
      }, { what: "the doctor finds no errors any more" });
      assert.equal(found.code, 0);
      found.assertFound("no Pod is missed", "warning", /1 for NotReviewed .* default\/late$/);
      const restart = await shell.run("sidecarset rollout restart-injection logging");
      assert.equal(restart.code, 1);
      assert.equal(
        restart.stderr,
        "1 Pod that kubectl rollout restart cannot recreate: default/late\n" +
          "  kubectl delete pod late -n default\n",
      );
    },
  );

  await t.step("uninstall --dry-run lists what would be deleted, and deletes nothing", async () => {
    const output = await shell.output("kubectl sidecarset uninstall --dry-run=server");
    assert.match(output, /^mutatingwebhookconfiguration\/sidecarset deleted \(server dry run\)\n/);
    assert.match(output, /\ndeployment\/sidecarset deleted \(server dry run\)\n/);
    assert.deepEqual((await examine(shell)).with("error"), []);
  });

  await t.step("uninstall refuses no Pod at any moment, and says what is left", async () => {
    await createSidecarSet(plane, "strict", agent("strict", { failurePolicy: "Fail" }));
    await pods.create("strict", { ...web, labels: { app: "strict" } });
    let isDone = false;
    const refused: unknown[] = [];
    const creating = (async () => {
      for (let i = 0; !isDone; i++) {
        await pods.create(`strict-${i}`, { ...web, labels: { app: "strict" } })
          .catch((error) => refused.push(error));
      }
    })();
    const uninstalling = shell.output("kubectl sidecarset uninstall");
    // As the kubelet does when the Deployment's Pods go.
    await eventually(async () => {
      const { code } = await shell.run("kubectl get deployment/sidecarset -n sidecarset-system");
      return code !== 0;
    }, { what: "the Deployment is deleted" });
    await controller.stop("SIGTERM");
    const output = await uninstalling;
    isDone = true;
    await creating;
    assert.deepEqual(refused, []);
    assert.match(output, /^mutatingwebhookconfiguration\/sidecarset deleted\n/);
    assert.match(output, /\nclusterrole\/sidecarset deleted\n/);
    assert.match(
      output,
      /\nREMAINS +REMOVE WITH\n\d+ Pods with sidecars +kubectl rollout restart of their workloads/,
    );
    assert.match(
      output,
      /\n2 SidecarSets and the CustomResourceDefinition +kubectl delete crd sidecarsets/,
    );
    for (const kind of KINDS) {
      assert.equal(
        await shell.run(`kubectl get ${kind.plural} ${name}`).then(({ code }) => code),
        1,
      );
    }
    const after = await pods.create("after", { ...web, labels: { app: "strict" } });
    assert.deepEqual(after.spec.containers.map(({ name }) => name), ["main"]);
  });

  await t.step("what uninstall leaves goes by the commands that it names", async () => {
    const left = await shell.output("sidecarset uninstall");
    const commands = left.split("\n").flatMap((line) => /kubectl delete .*$/.exec(line)?.[0] ?? []);
    assert.equal(commands.length, 2);
    for (const command of commands) await shell.output(`${command} --timeout=60s`);
    const then = await shell.output("sidecarset uninstall");
    assert.doesNotMatch(then, /SidecarSet|namespace/);
  });
});
