import assert from "node:assert/strict";
import { isObject } from "../../lib/api/json.ts";
import type { PodSpec } from "../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { remove } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { ClusterPods } from "../support/cluster_pods.ts";
import type { ControlPlane } from "../support/control_plane.ts";
import { CONTROLLER_USER } from "../support/control_plane_files.ts";
import { eventually } from "../support/eventually.ts";
import { InjectionCluster, selecting } from "../support/injection.ts";
import { kubectl, kubectlOutput } from "../support/kubectl.ts";
import { POD_MISFITS, podSpecOf } from "../support/pod_misfits.ts";
import { untilNothingPending } from "../support/registration.ts";
import { filesOf } from "../support/servers.ts";
import {
  conditionOf,
  getSidecarSet,
  patchSidecarSet,
  untilSidecarSet,
} from "../support/sidecarsets.ts";

const agent = { name: "agent", image: "agent:1" };

interface Case {
  readonly reason: string;
  readonly spec: SidecarSetSpec;
  /** Fields of the Pod other than a container `main`. */
  readonly pod?: { readonly annotations?: object; readonly main?: object };
  readonly namespace?: string;
}

/** Each keeps a SidecarSet out of a Pod for another reason. */
const CASES: Readonly<Record<string, Case>> = {
  "taken-name": {
    reason: "ContainerNameConflict",
    spec: { containers: [{ name: "main", image: "ours:1" }] },
  },
  "no-target": {
    reason: "NoTargetContainer",
    spec: {
      containers: [{
        ...agent,
        resourcesPolicy: {
          targetContainersMode: "sum",
          targetContainersNameRegex: "^engine$",
          resourcesExpr: { limits: { cpu: "cpu" } },
        },
      }],
    },
  },
  negative: {
    reason: "ExpressionFailed",
    spec: {
      containers: [{
        ...agent,
        resourcesPolicy: {
          targetContainersMode: "sum",
          resourcesExpr: { limits: { cpu: "cpu - 2" } },
        },
      }],
    },
    pod: { main: { resources: { limits: { cpu: "1" } } } },
  },
  "not-json": {
    reason: "AnnotationNotJson",
    spec: { containers: [agent] },
    pod: { annotations: { "kruise.io/sidecarset-hash": "{" } },
  },
  "too-much-said": {
    reason: "AnnotationsTooLarge",
    spec: { containers: [agent] },
    pod: { annotations: { note: "x".repeat(256 * 1024 - 100) } },
  },
  "taken-port": {
    reason: "PortConflict",
    spec: { containers: [{ ...agent, ports: [{ containerPort: 80, hostPort: 8080 }] }] },
    pod: { main: { ports: [{ containerPort: 81, hostPort: 8080 }] } },
  },
  privileged: {
    reason: "PodSecurityViolation",
    spec: { containers: [{ ...agent, securityContext: { privileged: true } }] },
    namespace: "baseline",
  },
};

/** A sidecar's fields without those that only a SidecarSet has. */
function coreOf(
  {
    shareVolumePolicy: _mounts,
    shareVolumeDevicePolicy: _devices,
    resourcesPolicy: _resources,
    ...core
  }: object & {
    shareVolumePolicy?: unknown;
    shareVolumeDevicePolicy?: unknown;
    resourcesPolicy?: unknown;
  },
): object {
  return core;
}

/** Lets the controller's user, whose requests are in the audit log, create Pods. */
async function letCreatePods(plane: ControlPlane): Promise<void> {
  const role = ["clusterrole", "pod-creator", "--verb=create", "--resource=pods"];
  await kubectlOutput(["create", ...role], plane);
  const binding = ["clusterrolebinding", "pod-creator", "--clusterrole=pod-creator"];
  await kubectlOutput(["create", ...binding, `--user=${CONTROLLER_USER}`], plane);
}

Deno.test("a SidecarSet that is left out of a Pod says why", async (t) => {
  await using cluster = await InjectionCluster.start({
    plane: { audit: true },
    args: ["--keep-registration"],
  });
  const { plane, controller } = cluster;
  await letCreatePods(plane);
  await cluster.createNamespace("baseline", { "pod-security.kubernetes.io/enforce": "baseline" });
  const one = (name: string, spec: SidecarSetSpec) => [name, { ...selecting(name), ...spec }];
  await cluster.createReady(Object.fromEntries([
    ...Object.entries(CASES).map(([name, { spec }]) => one(name, spec)),
    one("must", { failurePolicy: "Fail", containers: [{ name: "main", image: "ours:1" }] }),
    one("pinned", { containers: [agent] }),
  ]));
  // While a pending entry and a permanent one select a Pod, both of its reviews count a skip.
  await untilNothingPending(plane);
  // A Pod of the same second as the start of the selection is not counted as missed.
  await eventually(async () => {
    const since = (await getSidecarSet(plane, "pinned")).status?.effectiveSince ?? "";
    return Date.now() >= Date.parse(since) + 1_000;
  }, { what: "the selection has been active for a second" });
  const createPodOf = (name: string, spec: PodSpec, metadata: object = {}) => {
    const labels = { app: name };
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, name, labels }, spec };
    const kubeconfig = plane.controllerKubeconfig;
    return kubectl(["create", "-f", "-"], { kubeconfig, input: JSON.stringify(pod) });
  };
  const createPod = (name: string, { pod = {}, namespace = "default" }: Partial<Case> = {}) => {
    const { annotations = {}, main = {} } = pod;
    const spec = { containers: [{ name: "main", image: "main:1", ...main }] };
    return createPodOf(name, spec, { namespace, annotations });
  };
  const metric = async (name: string, labels: string) => {
    const text = await (await fetch(`${controller.healthUrl}/metrics`)).text();
    return text.includes(`sidecarset_injections_total{sidecarset="${name}",${labels}} 1`);
  };

  for (const [name, { reason, ...options }] of Object.entries(CASES)) {
    await t.step(`${reason}: to the Pod's creator, in metrics, audit log and status`, async () => {
      const { code, stdout, stderr } = await createPod(name, options);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /created/);
      assert.match(
        stderr,
        new RegExp(`^Warning: SidecarSet ${name} not injected: .{1,80}\n$`),
      );
      const pod = await new ClusterPods(plane.client, options.namespace ?? "default").get(name);
      assert.deepEqual(pod.spec.containers.map(({ image }) => image), ["main:1"]);
      assert.ok(await metric(name, `result="skipped",reason="${reason}"`));
      assert.deepEqual(await auditedOf(plane, { pod: name, key: "skipped" }), [
        `${name}=${reason}`,
      ]);
      const found = await untilSidecarSet(plane, name, {
        what: `has missed the Pod for ${reason}`,
        is: (each) => conditionOf(each, "PodsMissed")?.reason === reason,
      });
      assert.equal(found.status?.missedPods, 1);
      const missed = conditionOf(found, "PodsMissed");
      assert.equal(missed?.status, "True");
      assert.match(missed?.message ?? "", new RegExp(`1 Pod was missed, .*${name}`));
    });
  }

  const refusable = POD_MISFITS.filter(({ needsPrivileges }) => !needsPrivileges);
  await cluster.createReady(
    Object.fromEntries(refusable.map(({ list = "containers", sidecar, volumes = [] }, i) => [
      `misfit-${i}`,
      { ...selecting(`misfit-${i}`), [list]: [{ ...agent, ...sidecar }], volumes: [...volumes] },
    ])),
  );
  for (const [i, misfit] of refusable.entries()) {
    const { says, list = "containers", sidecar, volumes = [], taken = {}, reason } = misfit;
    await t.step(`${reason}: a Pod is created without a sidecar ${says}`, async () => {
      const spec = podSpecOf(misfit);
      const { stdout, stderr } = await createPodOf(`misfit-${i}`, spec);
      assert.match(stdout, /created/, stderr);
      assert.match(stderr, /^Warning: SidecarSet misfit-\d+ not injected: .*\n$/);
      // By hand, past the webhook, the same sidecar costs the Pod.
      const names = new Set(spec.volumes?.map(({ name }) => name));
      const byHand = await createPodOf(`by-hand-${i}`, {
        ...spec,
        volumes: [...spec.volumes ?? [], ...volumes.filter(({ name }) => !names.has(name))],
        [list]: [...spec[list] ?? [], { ...agent, ...coreOf(sidecar), ...taken }],
      });
      assert.match(byHand.stderr, /is invalid/);
    });
  }

  await t.step("failurePolicy Fail refuses the Pod with a remedy", async () => {
    const { code, stderr } = await createPod("must");
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /without SidecarSet must, whose failurePolicy is Fail \(ContainerNameConflict\): .*set conflictPolicy to Replace/,
    );
    assert.ok(await metric("must", 'result="refused",reason="ContainerNameConflict"'));
    await assert.rejects(new ClusterPods(plane.client).get("must"), /not found/);
  });

  await t.step("RevisionNotFound: a pinned revision that has been deleted", async () => {
    const { status } = await getSidecarSet(plane, "pinned");
    const revisionName = status?.latestRevision ?? "";
    const pin = { injectionStrategy: { revision: { revisionName } } };
    await patchSidecarSet(plane, "pinned", {
      ...pin,
      containers: [{ ...agent, image: "agent:2" }],
    });
    await cluster.untilReady("pinned");
    const ref = { namespace: "sidecarset-system", name: revisionName };
    await send(plane.client, remove(resources.controllerRevisions, ref));
    const stderr = await eventually(async () => {
      const [created] = [await createPod("pinned")];
      await new ClusterPods(plane.client).remove("pinned");
      return created.stderr.includes("not injected: pinned revision") && created.stderr;
    }, { what: "the revision is known to be deleted" });
    assert.equal(
      stderr,
      `Warning: SidecarSet pinned not injected: pinned revision "${revisionName}" does not exist\n`,
    );
  });

  await t.step("what to know of a sidecar that is injected is a warning", async () => {
    const config = (name: string) => ({ name: "config", configMap: { name } });
    const volumeMounts = [{ name: "config", mountPath: "/etc/agent" }];
    await cluster.createReady({
      caveat: {
        ...selecting("caveat"),
        containers: [{ ...agent, volumeMounts }],
        volumes: [config("agent")],
      },
    });
    const containers = [{ name: "main", image: "main:1" }];
    const spec = { containers, restartPolicy: "Never", volumes: [config("app")] };
    const { stderr } = await createPodOf("caveat", spec);
    assert.deepEqual(stderr.trimEnd().split("\n").toSorted(), [
      `Warning: SidecarSet caveat: rename volume "config": the Pod's own volume of that name is used instead`,
      'Warning: SidecarSet caveat: set completionPolicy: TerminateWithMain, or the Pod ends only after "agent"',
    ]);
  });

  await t.step("what is injected is in the audit log too", async () => {
    await cluster.createReady({ fine: { ...selecting("fine"), containers: [agent] } });
    const { stderr } = await createPod("fine");
    assert.equal(stderr, "");
    const { status } = await getSidecarSet(plane, "fine");
    assert.deepEqual(await auditedOf(plane, { pod: "fine", key: "injected" }), [
      `fine@${status?.latestRevision}`,
    ]);
    assert.ok(await metric("fine", 'result="injected",reason=""'));
  });
});

/** The webhook's audit annotations of one key, of a Pod's creation. */
function auditedOf(
  plane: ControlPlane,
  { pod, key }: { pod: string; key: string },
): Promise<string[]> {
  return eventually(async () => {
    const lines = (await Deno.readTextFile(filesOf(plane.folder).auditLog)).trimEnd().split("\n");
    const found = lines.flatMap((line) => {
      const event: unknown = JSON.parse(line);
      if (!isObject(event) || event.verb !== "create" || !isObject(event.annotations)) return [];
      if (!isObject(event.objectRef) || event.objectRef.name !== pod) return [];
      return Object.entries(event.annotations)
        .filter(([name]) => name.endsWith(`.pods.apps.kruise.io/${key}`))
        .map(([, value]) => String(value));
    });
    return found.length > 0 && found;
  }, { what: `the creation of Pod ${pod} is in the audit log` });
}
