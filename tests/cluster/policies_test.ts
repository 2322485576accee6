import assert from "node:assert/strict";
import { installationObjects } from "../../lib/cli/manifests/installation.ts";
import { servesCoreResource } from "../../lib/kube/discovery.ts";
import { ClusterPods, containerStatus } from "../support/cluster_pods.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { eventually } from "../support/eventually.ts";
import { installAndStart } from "../support/installation.ts";
import { clientOf } from "../support/launch.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { createSidecarSet, patchSidecarSet, untilSidecarSet } from "../support/sidecarsets.ts";

function apply(plane: ControlPlane, items: readonly unknown[]): Promise<string> {
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  return kubectlOutput(["apply", "-f", "-"], { kubeconfig: plane.kubeconfig, input });
}

/** The objects of an installation that its policies and the roles for people add. */
function additions(options: { restrictController?: boolean; restrictAuthors?: boolean }) {
  return installationObjects(options).filter(({ kind }) =>
    String(kind).startsWith("ValidatingAdmission") || kind === "ClusterRole"
  );
}

const labels = { app: "web" };
const IP = "192.0.2.1";
const agent = (image: string, cpu: string) => [{
  name: "agent",
  image,
  completionPolicy: "TerminateWithMain" as const,
  resources: { requests: { cpu } },
}];

Deno.test("the policy on the controller's ServiceAccount", async (t) => {
  await using plane = await startControlPlane();
  await using _controller = await installAndStart(plane);
  await apply(plane, additions({ restrictController: true }));
  const pods = new ClusterPods(plane.client);
  const spec = {
    restartPolicy: "Never" as const,
    containers: [{ name: "main", image: "main:1", resources: { requests: { cpu: "10m" } } }],
    initContainers: [{ name: "init", image: "init:1" }],
  };
  await createSidecarSet(plane, "agent", {
    selector: { matchLabels: labels },
    containers: agent("agent:1", "10m"),
    updateStrategy: { resizePolicy: "InPlace" },
  });
  await pods.create("web", {
    labels: { ...labels, owner: "team" },
    annotations: { note: "a" },
    spec,
  });
  const client = await clientOf(plane.controllerKubeconfig);
  const controllerPods = new ClusterPods(client);
  const attempt = (body: object, subresource?: "status" | "resize") =>
    controllerPods.patch("web", body, subresource).then(() => "", (error) => error.message);
  const image = (list: "containers" | "initContainers", name: string) => ({
    spec: { [list]: [{ name, image: "evil:1" }] },
  });

  await t.step("refuses another image of the application", async () => {
    await eventually(
      async () =>
        /may change only images and resources of sidecars/.test(
          await attempt(image("containers", "main")),
        ),
      { what: "the policy is active" },
    );
    assert.match(
      await attempt(image("initContainers", "init")),
      /may change only images and resources of sidecars/,
    );
  });

  // Kubernetes 1.30 has no in-place resize.
  const resizes = await servesCoreResource(plane.client, "pods/resize");
  const refusals: [string, object, RegExp, ("status" | "resize")?][] = [
    ["another label", { metadata: { labels: { owner: "me" } } }, /may not change a Pod's labels/],
    ["a finalizer", { metadata: { finalizers: ["a/b"] } }, /labels, owners or finalizers/],
    [
      "a foreign annotation",
      { metadata: { annotations: { note: "b" } } },
      /annotations of kruise\.io/,
    ],
    [
      "the loss of a foreign annotation",
      { metadata: { annotations: { note: null } } },
      /annotations of/,
    ],
    ["a deadline", { spec: { activeDeadlineSeconds: 1 } }, /nothing of a Pod's spec but images/],
    [
      "a foreign condition",
      { status: { conditions: [{ type: "Ready", status: "False" }] } },
      /only its own Pod conditions/,
      "status",
    ],
    [
      "a container's status",
      { status: { containerStatuses: [] } },
      /no container status, address, node or resource claim/,
      "status",
    ],
    [
      "a Pod's address",
      { status: { podIP: IP, podIPs: [{ $patch: "replace" }, { ip: IP }] } },
      /no container status/,
      "status",
    ],
    [
      "a node's address",
      { status: { hostIP: IP, hostIPs: [{ $patch: "replace" }, { ip: IP }] } },
      /no container status/,
      "status",
    ],
    [
      "new resources of the application",
      { spec: { containers: [{ name: "main", resources: { requests: { cpu: "20m" } } }] } },
      /only images and resources of sidecars/,
      "resize",
    ],
    [
      "a phase that ends nothing",
      { status: { phase: "Unknown" } },
      /runs to completion/,
      "status",
    ],
  ];
  for (const [what, patch, message, subresource] of refusals) {
    if (subresource === "resize" && !resizes) continue;
    await t.step(`refuses ${what}`, async () => {
      await pods.until("web", {
        what: "the Pod runs",
        is: ({ status }) => status?.phase === "Running",
      });
      assert.match(await attempt(patch, subresource), message);
    });
  }

  await t.step("lets the controller upgrade and resize a sidecar in place", async () => {
    const cpu = resizes ? "20m" : "10m";
    await patchSidecarSet(plane, "agent", { containers: agent("agent:2", cpu) });
    await pods.until("web", {
      what: "the sidecar runs the new image",
      is: (pod) =>
        containerStatus(pod, "agent")?.restartCount === 1 &&
        pod.spec.containers.some(({ name, image, resources }) =>
          name === "agent" && image === "agent:2" && resources?.requests?.cpu === cpu
        ),
    });
    await untilSidecarSet(plane, "agent", {
      what: "is up to date",
      is: ({ status }) => status?.updatedReadyPods === 1,
    });
  });

  await t.step(
    "lets the controller end the sidecar of a Pod whose main container has ended",
    async () => {
      await pods.annotate("web", { "kubelet.test/exit": "main=0" });
      await pods.until("web", {
        what: "the Pod has succeeded",
        is: ({ status }) => status?.phase === "Succeeded",
      });
    },
  );
  client.close();
});

Deno.test("the policy on authors and the roles for people", async (t) => {
  await using plane = await startControlPlane({ kubelet: false, controllerManager: true });
  await using _controller = await installAndStart(plane);
  await apply(plane, additions({ restrictAuthors: true }));
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "privileged-authors" },
    rules: [{
      apiGroups: ["apps.kruise.io"],
      resources: ["sidecarsets"],
      verbs: ["use-privileged"],
    }],
  };
  await apply(plane, [role]);
  const bind = (name: string, role: string, user: string) =>
    kubectlOutput(
      ["create", "clusterrolebinding", name, `--clusterrole=${role}`, `--user=${user}`],
      plane,
    );
  await bind("view-ann", "view", "ann");
  await bind("edit-ben", "sidecarset-edit", "ben");
  await bind("edit-cat", "sidecarset-edit", "cat");
  await bind("privileged-cat", "privileged-authors", "cat");
  const can = async (user: string, verb: string) =>
    (await kubectl(["auth", "can-i", verb, "sidecarsets.apps.kruise.io", `--as=${user}`], plane))
      .stdout.trim();
  const write = async (
    user: string,
    name: string,
    spec: object,
    dryRun: "none" | "server" = "none",
  ) => {
    const body = {
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name },
      spec: { selector: { matchLabels: { app: name } }, ...spec },
    };
    const options = { kubeconfig: plane.kubeconfig, input: JSON.stringify(body) };
    const args = ["create", "--as", user, `--dry-run=${dryRun}`, "-f", "-"];
    const { code, stderr } = await kubectl(args, options);
    return code === 0 ? "created" : stderr;
  };
  const container = (securityContext: object) => ({
    containers: [{ name: "agent", image: "agent:1", securityContext }],
  });

  await t.step("let viewers read and only editors write", async () => {
    await eventually(async () => await can("ann", "list") === "yes", {
      what: "the role is aggregated to view",
    });
    assert.equal(await can("ann", "create"), "no");
    assert.equal(await can("ben", "create"), "yes");
  });

  for (
    const [what, spec] of [
      ["a privileged container", container({ privileged: true })],
      ["an added capability", container({ capabilities: { add: ["NET_ADMIN"] } })],
      ["a host process", container({ windowsOptions: { hostProcess: true } })],
      ["no seccomp", container({ seccompProfile: { type: "Unconfined" } })],
      ["no AppArmor", container({ appArmorProfile: { type: "Unconfined" } })],
      ["a hostPath volume", {
        ...container({}),
        volumes: [{ name: "root", hostPath: { path: "/" } }],
      }],
      ["a privileged init container", {
        initContainers: [{ name: "i", image: "i:1", securityContext: { privileged: true } }],
      }],
    ] as const
  ) {
    await t.step(`refuse ${what} to an author without the right`, async () => {
      const name = what.replaceAll(/\W/g, "-").toLowerCase();
      await eventually(
        async () => /use-privileged on sidecarsets/.test(await write("ben", name, spec, "server")),
        { what: "the policy is active" },
      );
      assert.equal(await write("cat", name, spec), "created");
    });
  }

  await t.step(
    "let every editor pause a privileged SidecarSet, and change nothing that runs",
    async () => {
      const patchAs = async (user: string, spec: object) => {
        const patch = ["--type=merge", "-p", JSON.stringify({ spec }), "--as", user];
        const args = ["patch", "sidecarset", "a-privileged-container", ...patch];
        const { code, stderr } = await kubectl(args, plane);
        return code === 0 ? "patched" : stderr;
      };
      const image = { containers: [{ name: "agent", image: "agent:2" }] };
      const privileged = {
        containers: [{ ...image.containers[0], securityContext: { privileged: true } }],
      };
      assert.equal(await patchAs("ben", { updateStrategy: { paused: true } }), "patched");
      assert.equal(await patchAs("ben", { injectionStrategy: { paused: true } }), "patched");
      for (
        const change of [
          privileged,
          { selector: { matchLabels: { app: "all" } } },
          { cleanupPolicy: { type: "Idle", idleImage: "shell:1" } },
        ]
      ) {
        assert.match(await patchAs("ben", change), /use-privileged on sidecarsets/);
        assert.equal(await patchAs("cat", change), "patched");
      }
      assert.equal(await patchAs("ben", image), "patched");
    },
  );

  await t.step("let every editor write an ordinary SidecarSet", async () => {
    assert.equal(await write("ben", "ordinary", container({})), "created");
  });
});
