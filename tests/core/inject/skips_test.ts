import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import type { Reason } from "../../../lib/core/reasons.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

interface SkipCase {
  readonly says: string;
  readonly pod?: Pod;
  readonly spec: SidecarSetSpec;
  readonly others?: readonly PreparedSidecarSet[];
  readonly reason: Reason;
  readonly message: RegExp;
  /** Whether failurePolicy does not apply. */
  readonly isIntended?: true;
}

const AGENT = { name: "agent", image: "agent:1" };
const HOT = {
  name: "mesh",
  image: "mesh:1",
  upgradeStrategy: { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" },
};

const cases: readonly SkipCase[] = [
  {
    says: "whose injection is paused",
    spec: { containers: [AGENT], injectionStrategy: { paused: true } },
    reason: "InjectionPaused",
    message: /spec\.injectionStrategy\.paused.*set it to false/,
    isIntended: true,
  },
  {
    says: "with a canary that selects the Pod",
    spec: { containers: [AGENT] },
    others: [
      prepared("canary", { containers: [AGENT] }, {
        annotations: {
          "apps.kruise.io/sidecarset-canary": "true",
          "apps.kruise.io/sidecarset-base": "web",
        },
      }),
    ],
    reason: "CanaryTakesOver",
    message: /its canary canary/,
    isIntended: true,
  },
  {
    says: "with the name of a container of the Pod",
    spec: { containers: [{ name: "main", image: "x" }] },
    reason: "ContainerNameConflict",
    message: /spec\.containers of the Pod has a container main.*conflictPolicy/,
  },
  {
    says: "with the name of a container of the Pod's other list, whatever its conflictPolicy",
    spec: { initContainers: [{ name: "main", image: "x" }], conflictPolicy: "Replace" },
    reason: "ContainerNameConflict",
    message: /spec\.containers of the Pod.*spec\.initContainers/,
  },
  {
    says: "whose hot-upgrade pair has the name of a container of the Pod",
    pod: podWith({ containers: [{ name: "mesh-2", image: "m" }] }),
    spec: { containers: [HOT] },
    reason: "ContainerNameConflict",
    message: /container mesh-2/,
  },
  {
    says: "with the container name of another SidecarSet",
    spec: { containers: [AGENT] },
    others: [prepared("a", { containers: [AGENT] })],
    reason: "SidecarNameConflict",
    message: /SidecarSet a adds a container agent too/,
  },
  {
    says: "that brings a name twice",
    spec: { containers: [HOT, { name: "mesh-1", image: "x" }] },
    reason: "InvalidSidecarSet",
    message: /uses the container name mesh-1 twice/,
  },
  {
    says: "with a hot upgrade without an empty image",
    spec: {
      containers: [{ name: "mesh", image: "m", upgradeStrategy: { upgradeType: "HotUpgrade" } }],
    },
    reason: "InvalidSidecarSet",
    message: /mesh-2 no image.*hotUpgradeEmptyImage/,
  },
  {
    says: "that mounts a volume that does not exist",
    spec: { containers: [{ ...AGENT, volumeMounts: [{ name: "ghost", mountPath: "/g" }] }] },
    reason: "VolumeConflict",
    message: /uses the volume ghost.*spec\.volumes/,
  },
  {
    says: "that uses one path for a mount and a device",
    pod: podWith({ volumes: [{ name: "v" }] }),
    spec: {
      containers: [{
        ...AGENT,
        volumeMounts: [{ name: "v", mountPath: "/v" }],
        volumeDevices: [{ name: "v", devicePath: "/v" }],
      }],
    },
    reason: "VolumeConflict",
    message: /uses the path \/v twice/,
  },
  {
    says: "with a host port of the Pod",
    pod: podWith({
      containers: [{ name: "main", image: "m", ports: [{ containerPort: 1, hostPort: 80 }] }],
    }),
    spec: { containers: [{ ...AGENT, ports: [{ containerPort: 2, hostPort: 80 }] }] },
    reason: "PortConflict",
    message: /main and agent both use the host port TCP :80/,
  },
  {
    says: "with a host port of another SidecarSet",
    spec: { containers: [{ ...AGENT, ports: [{ containerPort: 2, hostPort: 80 }] }] },
    others: [
      prepared("a", {
        containers: [{ name: "first", image: "f", ports: [{ containerPort: 1, hostPort: 80 }] }],
      }),
    ],
    reason: "PortConflict",
    message: /first and agent/,
  },
  {
    says: "whose pair would share a port of the host's network",
    pod: podWith({ hostNetwork: true }),
    spec: { containers: [{ ...HOT, ports: [{ containerPort: 15001 }] }] },
    reason: "PortConflict",
    message: /mesh-1 and mesh-2 both use the host port TCP :15001/,
  },
  {
    says: "whose resources policy has no target",
    spec: {
      containers: [{
        ...AGENT,
        resourcesPolicy: {
          targetContainersMode: "sum",
          targetContainersNameRegex: "^other$",
          resourcesExpr: { limits: { cpu: "cpu" } },
        },
      }],
    },
    reason: "NoTargetContainer",
    message: /spec\.containers\[agent\]\.resourcesPolicy/,
  },
  {
    says: "with an expression that cannot be read",
    spec: {
      containers: [{
        ...AGENT,
        resourcesPolicy: {
          targetContainersMode: "sum",
          resourcesExpr: { limits: { cpu: "cpu*" } },
        },
      }],
    },
    reason: "ExpressionFailed",
    message: /resourcesExpr\.limits\.cpu/,
  },
  {
    says: "that merges into an annotation that is not JSON",
    pod: podWith({}, { note: "plain" }),
    spec: {
      containers: [AGENT],
      patchPodMetadata: [{ annotations: { note: "{}" }, patchPolicy: "MergePatchJson" }],
    },
    reason: "AnnotationNotJson",
    message: /annotation note.*"plain"/,
  },
  {
    says: "for a Pod whose records of injections cannot be read",
    pod: podWith({}, { "kruise.io/sidecarset-hash": "oops" }),
    spec: { containers: [AGENT] },
    reason: "AnnotationNotJson",
    message: /kruise\.io\/sidecarset-hash.*remove the annotation/,
  },
  {
    says: "pinned to a revision that is not there",
    spec: { containers: [AGENT], injectionStrategy: { revision: { revisionName: "gone" } } },
    reason: "RevisionNotFound",
    message: /revisionName is gone/,
  },
];

for (const { says, pod = podWith(), spec, others = [], reason, message, isIntended } of cases) {
  Deno.test(`inject() skips a SidecarSet ${says}`, () => {
    for (const failurePolicy of ["Ignore", "Fail"] as const) {
      const web = prepared("web", { ...spec, failurePolicy });
      const { skipped, injected } = inject(requestFor(pod, [web, ...others]));
      assert.deepEqual(
        skipped.map((skip) => [skip.sidecarSet, skip.reason, skip.refuses]),
        [["web", reason, failurePolicy === "Fail" && isIntended === undefined]],
      );
      assert.match(skipped[0]?.message ?? "", message);
      assert.deepEqual(
        injected.map(({ sidecarSet }) => sidecarSet),
        others.map(({ name }) => name),
      );
    }
  });
}

Deno.test("inject() skips an invalid SidecarSet with the first problem", () => {
  const web: PreparedSidecarSet = {
    ...prepared("web", { containers: [AGENT], failurePolicy: "Fail" }),
    problems: [{ reason: "FieldValueRequired", field: "spec.selector", message: "is required" }],
  };
  assert.deepEqual(inject(requestFor(podWith(), [web])), {
    patch: [],
    injected: [],
    skipped: [{
      sidecarSet: "web",
      reason: "InvalidSidecarSet",
      message: "spec.selector is required",
      subject: "spec.selector",
      refuses: true,
    }],
  });
});

Deno.test("inject() sets no annotation of a SidecarSet that it skips", () => {
  const web = prepared("web", {
    containers: [{ name: "main", image: "x" }],
    patchPodMetadata: [{ annotations: { note: "x" } }],
  });
  assert.deepEqual(inject(requestFor(podWith(), [web])).patch, []);
});

Deno.test("inject() gives the ports of a container that it replaces to the SidecarSets behind", () => {
  const port = { containerPort: 1, hostPort: 80 };
  const pod = podWith({ containers: [{ name: "main", image: "m", ports: [port] }] });
  const replacing = prepared("a", {
    conflictPolicy: "Replace",
    containers: [{ name: "main", image: "new" }],
  });
  const web = prepared("web", { containers: [{ ...AGENT, ports: [port] }] });
  assert.deepEqual(inject(requestFor(pod, [replacing, web])).skipped, []);
});

Deno.test("inject() mounts a volume that the Pod has, but none that only another SidecarSet brings", () => {
  const web = prepared("web", {
    containers: [{ ...AGENT, volumeMounts: [{ name: "v", mountPath: "/v" }] }],
  });
  const bringing = prepared("a", {
    containers: [{ name: "a", image: "a", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", emptyDir: {} }],
  });
  const own = podWith({ volumes: [{ name: "v" }] });
  assert.deepEqual(inject(requestFor(own, [web])).skipped, []);
  const { skipped } = inject(requestFor(podWith(), [web, bringing]));
  assert.deepEqual(skipped.map(({ reason }) => reason), ["VolumeConflict"]);
});

Deno.test("inject() drops copied records of a SidecarSet that it skips", () => {
  const list = "kruise.io/sidecarset-injected-list";
  const paused = prepared("paused", {
    containers: [{ name: "p", image: "p" }],
    injectionStrategy: { paused: true },
  });
  const pod = podWith({}, { [list]: "gone,paused", "kruise.io/sidecarset-hash": '{"paused":"h"}' });
  const web = prepared("web", { containers: [AGENT] });
  const { annotations = {} } = injectedPod(pod, inject(requestFor(pod, [paused, web])).patch)
    .metadata;
  assert.equal(annotations[list], "gone,web");
  assert.deepEqual(Object.keys(JSON.parse(annotations["kruise.io/sidecarset-hash"] ?? "")), [
    "web",
  ]);
});

Deno.test("inject() takes 10,000 containers of one SidecarSet, as one stored before the limit may have", () => {
  const containers = Array.from({ length: 10_000 }, (_, i) => ({ name: `c-${i}`, image: "c:1" }));
  const { patch } = inject(requestFor(podWith(), [prepared("web", { containers })]));
  assert.equal(patch.length, containers.length + 1);
});
