import assert from "node:assert/strict";
import type { ControllerRevision } from "../../../lib/api/objects.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

const LATER = new Date("2027-01-01T00:00:00Z");

const SHARING = prepared("web", {
  containers: [{
    name: "agent",
    image: "agent:1",
    shareVolumePolicy: { type: "enabled" },
    shareVolumeDevicePolicy: { type: "enabled" },
    transferEnv: [{ sourceContainerName: "late", envName: "B" }],
    resourcesPolicy: {
      targetContainersMode: "sum",
      resourcesExpr: { requests: { cpu: "cpu*50%" } },
    },
  }],
}, { revisionName: "web-1" });

function injectInto(pod: Pod, ...selecting: PreparedSidecarSet[]): Pod {
  return injectedPod(pod, inject(requestFor(pod, selecting)).patch);
}

/** What another webhook does after the first call. */
function withLateContainer(pod: Pod): Pod {
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: [...pod.spec.containers, {
        name: "late",
        image: "late:1",
        env: [{ name: "A", value: "1" }, { name: "B", value: "2" }],
        volumeMounts: [
          { name: "data", mountPath: "/late", subPathExpr: "$(A)" },
          { name: "token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" },
        ],
        volumeDevices: [{ name: "disk", devicePath: "/dev/x" }],
        resources: { requests: { cpu: "1" } },
      }],
    },
  };
}

const POD = podWith({
  containers: [{
    name: "main",
    image: "m",
    volumeMounts: [{ name: "data", mountPath: "/data" }],
    resources: { requests: { cpu: "1" } },
  }],
  volumes: [{ name: "data" }, { name: "token" }, { name: "disk" }],
});

Deno.test("inject() adds what containers that came later share, and nothing else", () => {
  const pod = withLateContainer(injectInto(POD, SHARING));
  const { patch, injected, skipped } = inject(requestFor(pod, [SHARING], { now: LATER }));
  assert.deepEqual(patch, [
    { op: "add", path: "/spec/containers/0/env/-", value: { name: "B", value: "2" } },
    { op: "add", path: "/spec/containers/0/env/-", value: { name: "A", value: "1" } },
    {
      op: "add",
      path: "/spec/containers/0/volumeMounts/-",
      value: { name: "data", mountPath: "/late", subPathExpr: "$(A)" },
    },
    {
      op: "add",
      path: "/spec/containers/0/volumeDevices",
      value: [{ name: "disk", devicePath: "/dev/x" }],
    },
    {
      op: "replace",
      path: "/spec/containers/0/resources",
      value: { requests: { cpu: "1" } },
    },
  ]);
  assert.deepEqual(injected, [{ sidecarSet: "web", revision: "web-1", isNew: false }]);
  assert.deepEqual(skipped, []);
});

Deno.test("inject() has nothing more to do after it has added what came later", () => {
  const pod = injectInto(withLateContainer(injectInto(POD, SHARING)), SHARING);
  assert.deepEqual(inject(requestFor(pod, [SHARING], { now: LATER })).patch, []);
});

Deno.test("inject() keeps requests that the API server has derived from computed limits", () => {
  const web = prepared("web", {
    containers: [{
      name: "agent",
      image: "agent:1",
      resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: { limits: { cpu: "cpu" } } },
    }],
  });
  const own = podWith({
    containers: [{ name: "main", image: "m", resources: { limits: { cpu: "2" } } }],
  });
  const pod = injectInto(own, web);
  const [agent, ...others] = pod.spec.containers;
  assert(agent !== undefined);
  assert.deepEqual(agent.resources, { limits: { cpu: "2" } });
  const defaulted = { ...agent, resources: { limits: { cpu: "2" }, requests: { cpu: "2" } } };
  const stored = { ...pod, spec: { ...pod.spec, containers: [defaulted, ...others] } };
  assert.deepEqual(inject(requestFor(stored, [web])).patch, []);
});

Deno.test("inject() keeps an image that another webhook has rewritten, and records it", () => {
  const web = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] });
  const pod = injectInto(podWith(), web);
  const rewritten = {
    ...pod,
    spec: {
      ...pod.spec,
      containers: pod.spec.containers.map((each) => ({ ...each, image: `mirror/${each.image}` })),
    },
  };
  const { patch } = inject(requestFor(rewritten, [web], { now: LATER }));
  const path = "/metadata/annotations/kruise.io~1sidecarset-stored-images";
  assert.deepEqual(patch, [{ op: "add", path, value: '{"agent":"mirror/agent:1"}' }]);
  assert.deepEqual(injectInto(injectedPod(rewritten, patch), web), injectedPod(rewritten, patch));
});

Deno.test("inject() records no image that would make the annotations too large", () => {
  const web = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] });
  const pod = injectInto(podWith({}, { large: "x".repeat(256 * 1024 - 900) }), web);
  const containers = pod.spec.containers.map((each) => ({ ...each, image: "y".repeat(600) }));
  const { patch } = inject(requestFor({ ...pod, spec: { ...pod.spec, containers } }, [web]));
  assert.deepEqual(patch, []);
});

Deno.test("inject() injects a Pod that only carries the annotations of another one", () => {
  const web = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] });
  const copied = podWith({}, injectInto(podWith(), web).metadata.annotations);
  const { patch, injected } = inject(requestFor(copied, [web], { now: LATER }));
  assert.deepEqual(injected.map(({ sidecarSet }) => sidecarSet), ["web"]);
  assert.deepEqual(patch.map(({ op, path }) => `${op} ${path}`), [
    "add /spec/containers/0",
    "replace /metadata/annotations/kruise.io~1sidecarset-hash",
    "replace /metadata/annotations/kruise.io~1sidecarset-hash-without-image",
  ]);
});

Deno.test("inject() leaves an injected Pod at the revision that it has", () => {
  const old = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] }, {
    revisionName: "web-1",
  });
  const current = prepared("web", { containers: [{ name: "other", image: "agent:2" }] }, {
    revisionName: "web-2",
  });
  const revision: ControllerRevision = {
    metadata: { name: "web-1", labels: { "kruise.io/sidecarset-name": "web" } },
    data: { spec: { containers: [{ name: "agent", image: "agent:1" }] } },
    revision: 1,
  };
  const pod = injectInto(podWith(), old);
  const { patch, injected } = inject(requestFor(pod, [current], { revisionsOf: () => [revision] }));
  assert.deepEqual(patch, []);
  assert.deepEqual(injected, [{ sidecarSet: "web", revision: "web-1", isNew: false }]);
});

Deno.test("inject() adds a SidecarSet that came to select an injected Pod and keeps the first one's record", () => {
  const first = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] });
  const second = prepared("audit", { containers: [{ name: "audit", image: "audit:1" }] });
  const pod = injectInto(podWith(), first);
  const { patch, injected } = inject(requestFor(pod, [first, second], { now: LATER }));
  assert.deepEqual(injected.map(({ sidecarSet }) => sidecarSet), ["audit", "web"]);
  const hashes = injectedPod(pod, patch).metadata.annotations?.["kruise.io/sidecarset-hash"] ?? "";
  const { audit, web } = JSON.parse(hashes);
  assert.equal(web.updateTimestamp, "2026-01-02T03:04:05Z");
  assert.equal(audit.updateTimestamp, "2027-01-01T00:00:00Z");
});

Deno.test("inject() keeps the base in a Pod that had it before its canary", () => {
  const base = prepared("base", { containers: [{ name: "agent", image: "agent:1" }] });
  const canary = prepared("canary", { containers: [{ name: "agent2", image: "agent:2" }] }, {
    annotations: {
      "apps.kruise.io/sidecarset-canary": "true",
      "apps.kruise.io/sidecarset-base": "base",
    },
  });
  const pod = injectInto(podWith(), base);
  const { patch, skipped } = inject(requestFor(pod, [base, canary]));
  assert.deepEqual(patch, []);
  assert.deepEqual(skipped.map(({ sidecarSet, reason }) => [sidecarSet, reason]), [
    ["canary", "SidecarNameConflict"],
  ]);
});
