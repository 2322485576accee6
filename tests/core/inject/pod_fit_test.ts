import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { POD_MISFITS, type PodMisfit, podSpecOf } from "../../support/pod_misfits.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

const agent = { name: "agent", image: "agent:1" };

function specOf({ list = "containers", sidecar, volumes = [] }: PodMisfit): SidecarSetSpec {
  return { [list]: [{ ...agent, ...sidecar }], volumes: [...volumes] };
}

/** Why the SidecarSet is left out of the Pod; undefined where it is injected. */
function skipOf(spec: SidecarSetSpec, pod: Partial<PodSpec>) {
  const { skipped: [skip], injected } = inject(requestFor(podWith(pod), [prepared("web", spec)]));
  assert.equal(injected.length, skip === undefined ? 1 : 0);
  return skip;
}

for (const misfit of POD_MISFITS) {
  Deno.test(`inject() skips a SidecarSet ${misfit.says}`, () => {
    const skip = skipOf(specOf(misfit), podSpecOf(misfit));
    assert.equal(skip?.reason, misfit.reason);
    assert.match(skip.message, misfit.message);
  });

  Deno.test(`inject() takes a SidecarSet ${misfit.says} into another Pod`, () => {
    assert.equal(skipOf(specOf(misfit), misfit.fits ?? {}), undefined);
  });
}

const requesting = (cpu: string) => ({ resources: { requests: { cpu } } });

Deno.test("inject() counts init containers as the API server does against the Pod's own requests", () => {
  const pod = {
    resources: { requests: { cpu: "2" } },
    initContainers: [{ name: "setup", image: "s", ...requesting("1500m") }],
    containers: [{ name: "main", image: "m", ...requesting("1") }],
  };
  const ordinary = (cpu: string) => ({ initContainers: [{ ...agent, ...requesting(cpu) }] });
  const native = (cpu: string, podInjectPolicy: "BeforeAppContainer" | "AfterAppContainer") => ({
    initContainers: [{
      ...agent,
      ...requesting(cpu),
      restartPolicy: "Always",
      podInjectPolicy,
    }],
  });
  assert.equal(skipOf(ordinary("2"), pod), undefined);
  assert.equal(skipOf(ordinary("2001m"), pod)?.reason, "PodSpecConflict");
  assert.equal(skipOf(native("1", "AfterAppContainer"), pod), undefined);
  // Listed before it, the sidecar runs concurrently with the Pod's init container.
  assert.equal(skipOf(native("1", "BeforeAppContainer"), pod)?.reason, "PodSpecConflict");
});

Deno.test("inject() counts what SidecarSets before it take of the Pod's own requests", () => {
  const pod = podWith({ resources: { requests: { cpu: "1" } } });
  const sets = ["a", "b"].map((name) =>
    prepared(name, { containers: [{ name, image: "i", ...requesting("600m") }] })
  );
  const { injected, skipped } = inject(requestFor(pod, sets));
  assert.deepEqual(injected.map(({ sidecarSet }) => sidecarSet), ["a"]);
  assert.deepEqual(skipped.map(({ sidecarSet }) => sidecarSet), ["b"]);
});

Deno.test("inject() counts what SidecarSets before it take of the Pod's own limits", () => {
  const pod = podWith({ resources: { limits: { cpu: "1" } } });
  const sets = ["a", "b"].map((name) =>
    prepared(name, { containers: [{ name, image: "i", ...requesting("600m") }] })
  );
  const { injected, skipped } = inject(requestFor(pod, sets));
  assert.deepEqual(injected.map(({ sidecarSet }) => sidecarSet), ["a"]);
  assert.deepEqual(skipped.map(({ sidecarSet, reason }) => [sidecarSet, reason]), [
    ["b", "PodSpecConflict"],
  ]);
});

Deno.test("inject() takes a sidecar that fits into the Pod's own resources, or asks for others", () => {
  const limited = {
    resources: { limits: { cpu: "1" } },
    containers: [{ name: "main", image: "m", ...requesting("500m") }],
  };
  const only = (resources: Container["resources"]) => ({
    containers: [{ ...agent, ...(resources ? { resources } : {}) }],
  });
  assert.equal(skipOf(only({ requests: { cpu: "500m" } }), limited), undefined);
  assert.equal(skipOf(only({ requests: { memory: "8Gi" } }), limited), undefined);
  assert.equal(skipOf(only({ requests: { "ephemeral-storage": "8Gi" } }), limited), undefined);
  const pages = { limits: { cpu: "1m", "hugepages-2Mi": "2Mi" } };
  assert.equal(skipOf(only(pages), limited), undefined);
  assert.equal(skipOf(only({ requests: { cpu: "9" } }), { resources: {} }), undefined);
});

Deno.test("inject() leaves Pods to the API server that it refuses without sidecars too", () => {
  const greedy = {
    resources: { requests: { cpu: "1" } },
    containers: [{ name: "main", image: "m", ...requesting("2") }],
  };
  assert.equal(skipOf({ containers: [{ ...agent, ...requesting("1m") }] }, greedy), undefined);
  const devices = ["/dev/a", "/dev/b"].map((devicePath) => ({ name: "disk", devicePath }));
  const doubled = { containers: [{ name: "main", image: "m", volumeDevices: devices }] };
  const sharing = { shareVolumeDevicePolicy: { type: "enabled" as const } };
  assert.equal(skipOf({ containers: [{ ...agent, ...sharing }] }, doubled), undefined);
});

Deno.test("inject() brings the volume whose files a sidecar reads variables from", () => {
  const env = [{
    name: "A",
    valueFrom: { fileKeyRef: { volumeName: "files", path: "a.env", key: "A" } },
  }];
  const spec = { volumes: [{ name: "files", emptyDir: {} }], containers: [{ ...agent, env }] };
  const pod = podWith();
  const { patch } = inject(requestFor(pod, [prepared("web", spec)]));
  assert.deepEqual(injectedPod(pod, patch).spec.volumes, [{ name: "files", emptyDir: {} }]);
  const missing = skipOf({ containers: [{ ...agent, env }] }, {});
  assert.equal(missing?.reason, "VolumeConflict");
});

Deno.test("inject() leaves out what came later and does not fit into a sidecar that is there", () => {
  const sharing = {
    shareVolumePolicy: { type: "enabled" as const },
    shareVolumeDevicePolicy: { type: "enabled" as const },
  };
  const web = prepared("web", { containers: [{ ...agent, ...sharing }] });
  const pod = podWith();
  const first = injectedPod(pod, inject(requestFor(pod, [web])).patch);
  const device = (devicePath: string) => ({ name: "disk", devicePath });
  const late = {
    name: "late",
    image: "l",
    securityContext: { privileged: true },
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "both", mountPath: "/both", mountPropagation: "Bidirectional" },
    ],
    volumeDevices: [device("/dev/a")],
  };
  const later = { name: "later", image: "l", volumeDevices: [device("/dev/b")] };
  const changed = {
    ...first,
    spec: { ...first.spec, containers: [...first.spec.containers, late, later] },
  };
  const { patch } = inject(requestFor(changed, [web]));
  const [sidecar] = injectedPod(changed, patch).spec.containers;
  assert.deepEqual(sidecar?.volumeMounts, [{ name: "data", mountPath: "/data" }]);
  assert.deepEqual(sidecar?.volumeDevices, [device("/dev/a")]);
});
