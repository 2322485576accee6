import assert from "node:assert/strict";
import * as fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import type { Container } from "../../../lib/api/container.ts";
import {
  type EnvFromSource,
  envPatchPolicies,
  type PatchContainers,
} from "../../../lib/api/patch_containers.ts";
import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { POD_PATCHES_ANNOTATION } from "../../../lib/core/annotations/pod_patches.ts";
import type { InjectRequest } from "../../../lib/core/inject/contract.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { unpatched } from "../../../lib/core/pod_metadata/unpatched.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { frozen, prepared, requestFor } from "./fixtures.ts";

const byName = (a: Container, b: Container) => a.name < b.name ? -1 : 1;

/** The records of the injection; what `patchPodMetadata` has merged is the Pod's from then on. */
function recordsIn({ metadata: { annotations = {} } }: Pod): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([key]) => key.includes("kruise.io/")),
  );
}

/** Whether the Pod's containers use its volumes, all of them, and no others. */
function usesItsVolumes({ spec: { containers, initContainers = [], volumes = [] } }: Pod): boolean {
  const used = [...containers, ...initContainers].flatMap((
    { volumeMounts = [], volumeDevices = [] },
  ) => [...volumeMounts, ...volumeDevices].map(({ name }) => name));
  const names = new Set(volumes.map(({ name }) => name));
  return names.symmetricDifference(new Set(used)).size === 0;
}

/** The API server keeps none. */
function withoutEmptyLists(container: Container): Container {
  const members = Object.entries(container);
  return {
    ...Object.fromEntries(members.filter(([, each]) => !Array.isArray(each) || each.length > 0)),
    name: container.name,
  };
}

const VOLUMES = ["data", "cache"];

/** A record as JSON.parse would make it. */
function plain<T, K extends keyof T = keyof T>(
  model: { [key in keyof T]: fc.Arbitrary<T[key]> },
  { requiredKeys }: { requiredKeys?: K[] } = {},
) {
  return fc.record<T, K>(model, {
    ...(requiredKeys && { requiredKeys }),
    noNullPrototype: true,
  });
}

const env = fc.uniqueArray(
  plain({ name: fc.constantFrom("A", "B", "C"), value: fc.string() }),
  { selector: ({ name }) => name },
);
const mounts = fc.uniqueArray(
  plain({
    name: fc.constantFrom(...VOLUMES),
    mountPath: fc.constantFrom("/a", "/b", "/var/run/secrets/kubernetes.io/serviceaccount"),
    subPathExpr: fc.constantFrom("$(A)", "$(B)/$(C)", "plain"),
  }),
  { selector: ({ mountPath }) => mountPath },
);
const devices = fc.uniqueArray(
  plain({ name: fc.constantFrom(...VOLUMES), devicePath: fc.constantFrom("/b", "/dev/x") }),
  { selector: ({ devicePath }) => devicePath, maxLength: 1 },
);
const ports = fc.array(
  plain({ containerPort: fc.integer({ min: 1, max: 3 }), hostPort: fc.constantFrom(0, 80) }),
  { maxLength: 1 },
);
const resources = plain({
  limits: plain({ cpu: fc.constantFrom("1", "200m") }),
  requests: plain({ cpu: fc.constantFrom("100m", "50m") }),
}, { requiredKeys: [] });

const parts = { env, volumeMounts: mounts, ports, resources };

function containers(...names: string[]): fc.Arbitrary<Container[]> {
  return fc.uniqueArray(
    plain(
      { name: fc.constantFrom(...names), image: fc.constant("own:1"), ...parts },
      { requiredKeys: ["name", "image"] },
    ),
    { selector: ({ name }) => name, minLength: 1 },
  );
}

const ownParts = {
  ...parts,
  volumeDevices: devices,
  podInjectPolicy: fc.constantFrom("BeforeAppContainer" as const, "AfterAppContainer" as const),
};

/** Half of them take nothing from the Pod. */
const sidecar = fc.oneof(
  plain(ownParts, { requiredKeys: [] }),
  plain({
    ...ownParts,
    shareVolumePolicy: fc.constant({ type: "enabled" as const }),
    shareVolumeDevicePolicy: fc.constant({ type: "enabled" as const }),
    upgradeStrategy: fc.constant({
      upgradeType: "HotUpgrade" as const,
      hotUpgradeEmptyImage: "empty:1",
    }),
    transferEnv: fc.array(
      plain({
        sourceContainerName: fc.constantFrom("main", "helper", "agent"),
        envName: fc.constantFrom("A", "B", "IS_INJECTED"),
      }),
      { maxLength: 2 },
    ),
    resourcesPolicy: fc.constant({
      targetContainersMode: "sum" as const,
      resourcesExpr: { limits: { cpu: "cpu*2" }, requests: { cpu: "cpu*50%" } },
    }),
  }, { requiredKeys: [] }),
);

function sidecars(...names: string[]) {
  return fc.uniqueArray(
    sidecar.chain((fields) =>
      fc.constantFrom(...names).map((name) => ({ name, image: "sidecar:1", ...fields }))
    ),
    { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
  );
}

const targets: fc.Arbitrary<Pick<PatchContainers, "names" | "nameRegex">> = fc.oneof(
  fc.constant({}),
  fc.constant({ names: ["init", "main"] as string[] }),
  fc.constant({ nameRegex: "^h" }),
);
const patchContainers: fc.Arbitrary<PatchContainers[]> = fc.array(
  fc.tuple(
    targets,
    plain({
      env: fc.uniqueArray(
        plain({
          name: fc.constantFrom("A", "B", "D"),
          value: fc.constantFrom("x", "y z", "$(B)"),
          patchPolicy: fc.constantFrom(...envPatchPolicies),
        }),
        { selector: ({ name }) => name },
      ),
      envFrom: fc.subarray<EnvFromSource>([
        { configMapRef: { name: "m" } },
        { secretRef: { name: "s" } },
      ]),
      volumeMounts: fc.subarray([
        { name: "data", mountPath: "/a" },
        { name: "cache", mountPath: "/patched" },
      ]),
    }, { requiredKeys: [] }),
  ).map(([chosen, patch]) => ({ ...chosen, ...patch })),
  { maxLength: 2 },
);

const sidecarSet: fc.Arbitrary<SidecarSetSpec> = plain({
  patchContainers,
  containers: sidecars("agent", "log", "helper"),
  initContainers: sidecars("setup", "proxy", "main"),
  volumes: fc.subarray(VOLUMES).map((names) => names.map((name) => ({ name, emptyDir: {} }))),
  imagePullSecrets: fc.array(plain({ name: fc.constantFrom("r1", "r2") })),
  failurePolicy: fc.constantFrom("Ignore" as const, "Fail" as const),
  injectionStrategy: fc.constant({ paused: true }),
}, { requiredKeys: ["containers"] });

const selecting: fc.Arbitrary<PreparedSidecarSet[]> = fc
  .array(fc.tuple(sidecarSet, fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((specs) =>
    specs.map(([spec, patches], index) => {
      const annotations = { [`note-${index}`]: "{ }" };
      return prepared(`set-${index}`, {
        ...(patches ? { patchPodMetadata: [{ annotations, patchPolicy: "MergePatchJson" }] } : {}),
        ...spec,
      });
    })
  );

const annotations = fc.dictionary(
  fc.constantFrom(
    "note-0",
    "kruise.io/sidecarset-injected-list",
    "kruise.io/sidecarset-working-hotupgrade-container",
    "a/b~c",
    "__proto__",
  ),
  fc.oneof(fc.json(), fc.string(), fc.constant("set-0,set-1")),
  { noNullPrototype: true },
);

const podSpec: fc.Arbitrary<PodSpec> = plain({
  containers: containers("main", "helper", "agent"),
  initContainers: containers("init", "setup"),
  volumes: fc.subarray(VOLUMES).map((names) => names.map((name) => ({ name, emptyDir: {} }))),
  imagePullSecrets: fc.array(plain({ name: fc.constantFrom("r1", "r3") })),
  futureField: fc.jsonValue(),
  hostNetwork: fc.boolean(),
}, { requiredKeys: ["containers"] });

const pod: fc.Arbitrary<Pod> = plain({ spec: podSpec, annotations }, {
  requiredKeys: ["spec"],
}).map(({ spec, annotations }) => ({
  metadata: { name: "p", namespace: "shop", ...(annotations && { annotations }) },
  spec,
}));

const request: fc.Arbitrary<InjectRequest> = fc.tuple(pod, selecting).map(([pod, selecting]) =>
  frozen(requestFor(pod, selecting, {
    namespace: { name: "shop", labels: { "pod-security.kubernetes.io/enforce": "baseline" } },
  }))
);

Deno.test("inject() changes nothing that it is given and never throws", () => {
  fc.assert(fc.property(request, (request) => {
    const { injected, skipped } = inject(request);
    assert.deepEqual(
      [...injected, ...skipped].map(({ sidecarSet }) => sidecarSet).sort(),
      request.selecting.map(({ name }) => name).sort(),
    );
  }));
});

Deno.test("inject() has nothing to do for a Pod that has the patch", () => {
  fc.assert(fc.property(request, (request) => {
    const first = inject(request);
    const second = inject({
      ...request,
      pod: injectedPod(request.pod, first.patch),
      now: new Date(0),
    });
    assert.deepEqual(second.patch, []);
    assert.deepEqual(second.injected, first.injected.map((each) => ({ ...each, isNew: false })));
    assert.deepEqual(
      second.skipped.map(({ sidecarSet }) => sidecarSet).sort(),
      first.skipped.map(({ sidecarSet }) => sidecarSet).sort(),
    );
  }));
});

Deno.test("inject() gives a copy of what it has injected the same as the Pod itself", () => {
  fc.assert(fc.property(request, (request) => {
    // A volume that a SidecarSet has too is the Pod's, in a copy, if the Pod's own containers use it.
    fc.pre(Object.keys(recordsIn(request.pod)).length === 0 && usesItsVolumes(request.pod));
    const first = inject(request);
    const injected = injectedPod(request.pod, first.patch);
    const fields = Object.keys(injected.metadata.annotations ?? {}).map((key) => [`f:${key}`, {}]);
    const fieldsV1 = { "f:metadata": { "f:annotations": Object.fromEntries(fields) } };
    const now = new Date(request.now.getTime() + 3_600_000);
    const managedFields = [{ time: now.toISOString(), fieldsV1 }];
    const copy = frozen({ ...injected, metadata: { ...injected.metadata, managedFields } });
    const second = inject({ ...request, pod: copy, now });
    const again = injectedPod(copy, second.patch);
    const once = injectedPod(request.pod, inject({ ...request, now }).patch);
    assert.deepEqual(second.injected, first.injected);
    assert.deepEqual(recordsIn(again), recordsIn(once));
    assert.deepEqual(
      again.spec.containers.map(withoutEmptyLists).toSorted(byName),
      once.spec.containers.map(withoutEmptyLists).toSorted(byName),
    );
  }));
});

Deno.test("inject() does not depend on the order in which SidecarSets arrive", () => {
  fc.assert(fc.property(request, (request) => {
    const reversed = { ...request, selecting: request.selecting.toReversed() };
    assert.deepEqual(inject(reversed), inject(request));
  }));
});

Deno.test("inject() writes a patch that an independent applier takes to the same Pod", () => {
  fc.assert(fc.property(request, (request) => {
    const { patch } = inject(request);
    const operations: fastJsonPatch.Operation[] = structuredClone([...patch]);
    const document = structuredClone(request.pod);
    assert.equal(fastJsonPatch.validate(operations, document), undefined);
    assert.deepEqual(
      fastJsonPatch.applyPatch(document, operations, true, true, false).newDocument,
      injectedPod(request.pod, patch),
    );
  }));
});

Deno.test("inject() keeps every container, volume and field of the Pod that no SidecarSet speaks of", () => {
  fc.assert(fc.property(request, (request) => {
    const { pod, selecting } = request;
    const { spec, metadata, ...rest } = unpatched(injectedPod(pod, inject(request).patch));
    const { containers, initContainers, volumes, imagePullSecrets, ...others } = spec;
    const before = pod.spec;
    assert.deepEqual({ ...rest, others }, {
      others: Object.fromEntries(
        Object.entries(before).filter(([key]) =>
          !["containers", "initContainers", "volumes", "imagePullSecrets"].includes(key)
        ),
      ),
    });
    const isOwn = (names: readonly { name?: string }[] | undefined) => {
      const own = new Set(names?.map(({ name }) => name));
      return ({ name }: { name?: string }) => own.has(name);
    };
    assert.deepEqual(
      containers.filter(isOwn(before.containers)).map(withoutEmptyLists),
      before.containers.map(withoutEmptyLists),
    );
    assert.deepEqual(
      (initContainers ?? []).filter(isOwn(before.initContainers)).map(withoutEmptyLists),
      (before.initContainers ?? []).map(withoutEmptyLists),
    );
    assert.deepEqual((volumes ?? []).slice(0, before.volumes?.length ?? 0), before.volumes ?? []);
    const secrets = new Set([
      ...before.imagePullSecrets ?? [],
      ...selecting.flatMap(({ sidecarSet }) => sidecarSet.spec.imagePullSecrets ?? []),
    ].map(({ name }) => name));
    for (const { name } of imagePullSecrets ?? []) assert(secrets.has(name));
    for (const [key, value] of Object.entries(pod.metadata.annotations ?? {})) {
      if (key.startsWith("kruise.io/") || key.startsWith("note-")) continue;
      assert.equal(Object.getOwnPropertyDescriptor(metadata.annotations, key)?.value, value);
    }
  }));
});

Deno.test("inject() takes arbitrary JSON in the annotations that it reads", () => {
  const web = prepared("web", { containers: [{ name: "agent", image: "agent:1" }] });
  const text = fc.oneof(fc.json(), fc.string());
  fc.assert(fc.property(text, text, text, text, (hash, withoutImage, list, working) => {
    const pod: Pod = {
      metadata: {
        annotations: {
          "kruise.io/sidecarset-hash": hash,
          "kruise.io/sidecarset-hash-without-image": withoutImage,
          "kruise.io/sidecarset-injected-list": list,
          "kruise.io/sidecarset-working-hotupgrade-container": working,
          [POD_PATCHES_ANNOTATION]: hash,
        },
      },
      spec: { containers: [{ name: "main", image: "m" }] },
    };
    const { injected, skipped } = inject(requestFor(pod, [web]));
    assert.equal(injected.length + skipped.length, 1);
  }));
});
