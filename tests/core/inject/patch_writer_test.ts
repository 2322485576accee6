import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import { admit } from "../../../lib/core/inject/admit.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { choose } from "../../../lib/core/inject/choose.ts";
import { createInjector, inject } from "../../../lib/core/inject/inject.ts";
import { createPatchWriter } from "../../../lib/core/inject/patch_writer.ts";
import { createPlanner } from "../../../lib/core/inject/planner.ts";
import { writePatch } from "../../../lib/core/inject/write_patch.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

const AGENT = { name: "agent", image: "agent:1" };
const DATA = { volumeMounts: [{ name: "data", mountPath: "/d" }] };
const VOLUMES = [{ name: "data", emptyDir: {} }];
const SHARING = {
  shareVolumePolicy: { type: "enabled" },
  shareVolumeDevicePolicy: { type: "enabled" },
} as const;
const NOON = new Date("2026-01-01T12:00:00.000Z");
const LATE_IN_THAT_SECOND = new Date("2026-01-01T12:00:00.999Z");
const A_SECOND_LATER = new Date("2026-01-01T12:00:01.000Z");

const SETS = [
  prepared("agent", { containers: [AGENT] }),
  prepared("data", { containers: [{ name: "writer", image: "w", ...DATA }], volumes: VOLUMES }),
  prepared("data-too", { containers: [{ name: "tail", image: "t", ...DATA }], volumes: VOLUMES }),
  prepared("note", {
    patchPodMetadata: [{ annotations: { note: "n" }, patchPolicy: "Overwrite" }],
  }),
  prepared("secret", {
    containers: [{ name: "pulled", image: "p" }],
    imagePullSecrets: [{ name: "r1" }],
  }),
  prepared("setup", { initContainers: [{ name: "setup", image: "s" }] }),
  prepared("taker", { containers: [{ name: "main", image: "m" }], conflictPolicy: "Replace" }),
  prepared("sharer", {
    containers: [{ ...AGENT, name: "sharer", ...DATA, ...SHARING }],
    volumes: VOLUMES,
  }),
  prepared("transfer", {
    containers: [{
      ...AGENT,
      name: "transfer",
      transferEnv: [
        { sourceContainerName: "main", envName: "A" },
        {
          sourceContainerNameFrom: { fieldRef: { fieldPath: "metadata.annotations['note']" } },
          envName: "B",
        },
      ],
    }],
  }),
  prepared("sized", {
    containers: [{
      ...AGENT,
      name: "sized",
      resourcesPolicy: { targetContainersMode: "sum", resourcesExpr: { limits: { cpu: "cpu" } } },
    }],
  }),
  prepared("pair", {
    containers: [{
      ...AGENT,
      name: "pair",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    }],
  }),
];

/** They fit into a Pod by themselves, in these groups together. */
const GROUPS = [
  ...SETS.map((set) => [set]),
  SETS.filter(({ name }) => name === "agent" || name === "setup"),
  SETS.filter(({ name }) => name === "agent" || name === "secret"),
  SETS.filter(({ name }) => name.startsWith("data")),
  SETS.filter(({ name }) => name === "sharer" || name === "transfer"),
];

const MAIN = { name: "main", image: "main:1" };
const OTHER = { name: "other", image: "other:1" };
const CACHE = { name: "cache", mountPath: "/cache" };
const VARIABLES = [{ name: "A", value: "1" }, { name: "B", value: "2" }];

/** Pods that differ in one thing each. */
const PODS: readonly Pod[] = [
  podWith(),
  podWith({ containers: [OTHER] }),
  podWith({ containers: [OTHER, MAIN] }),
  podWith({ initContainers: [] }),
  podWith({ initContainers: [OTHER] }),
  podWith({ volumes: [] }),
  podWith({ volumes: VOLUMES }),
  podWith({ imagePullSecrets: [] }),
  podWith({ imagePullSecrets: [{ name: "r1" }] }),
  podWith({ imagePullSecrets: [{ name: "r2" }, { name: "r2" }] }),
  podWith({ containers: [{ ...MAIN, volumeMounts: [CACHE] }] }),
  podWith({ containers: [{ ...MAIN, volumeMounts: [{ ...CACHE, readOnly: true }] }] }),
  podWith({ containers: [{ ...MAIN, volumeDevices: [{ name: "disk", devicePath: "/dev/d" }] }] }),
  podWith({ containers: [{ ...MAIN, env: VARIABLES }] }),
  podWith({ containers: [{ ...MAIN, env: VARIABLES.toReversed() }] }, { note: "main" }),
  podWith({
    containers: [{
      ...MAIN,
      env: VARIABLES,
      volumeMounts: [{ ...CACHE, subPathExpr: "$(A)" }],
    }],
  }),
  podWith({ containers: [{ ...MAIN, resources: { limits: { cpu: "1" } } }] }),
  podWith({ containers: [{ ...MAIN, resources: { limits: { cpu: "2" } } }] }),
  podWith({}, { "kruise.io/sidecarset-working-hotupgrade-container": '{"pair":"pair-2"}' }),
  podWith({}, {}),
  podWith({}, { note: "n" }),
  podWith({}, { "kubectl.kubernetes.io/default-container": "main" }),
  podWith({}, { "kruise.io/sidecarset-hash": "{}" }),
  podWith({}, { "kruise.io/sidecarset-hash-without-image": "{}" }),
  podWith({}, { "kruise.io/sidecarset-injected-list": "other" }),
  injectedPod(podWith(), inject(requestFor(podWith(), SETS.slice(0, 1))).patch),
];

const REQUESTS = GROUPS.flatMap((group) => [
  ...PODS.map((pod) => requestFor(pod, group, { now: NOON })),
  requestFor(podWith(), group, { now: LATE_IN_THAT_SECOND }),
  requestFor(podWith(), group, { now: A_SECOND_LATER }),
]);

Deno.test("createPatchWriter() writes for every Pod what would be written for it alone, whatever came before", () => {
  const planner = createPlanner();
  const cases = REQUESTS.map((request) => {
    const choice = choose(request, planner);
    const admission = admit(request, choice);
    const decisions = { choice, admission };
    return { request, decisions, alone: writePatch(request, decisions) };
  });
  for (const before of cases) {
    const known = new Set(before.request.selecting);
    for (const { request, decisions, alone } of cases) {
      if (!request.selecting.some((set) => known.has(set))) continue;
      const write = createPatchWriter();
      write(before.request, before.decisions);
      assert.deepEqual(write(request, decisions), alone);
    }
  }
});

Deno.test("an injector gives Pods that take the same patch within a second the very same one, frozen", () => {
  const { inject } = createInjector();
  const sets = SETS.filter(({ name }) => name === "agent" || name === "setup");
  const first = inject(requestFor(podWith({}, { team: "a" }), sets, { now: NOON })).patch;
  const other = podWith({ containers: [{ name: "main", image: "shop:1" }] }, { team: "b" });
  assert.equal(inject(requestFor(other, sets, { now: LATE_IN_THAT_SECOND })).patch, first);
  assert(Object.isFrozen(first));
  const shop = podWith({ containers: [{ name: "shop", image: "shop:1" }] }, { team: "c" });
  assert.notDeepEqual(inject(requestFor(shop, sets, { now: NOON })).patch, first);
  assert.equal(inject(requestFor(other, sets, { now: NOON })).patch, first, "kept next to it");
  assert.notDeepEqual(inject(requestFor(other, sets, { now: A_SECOND_LATER })).patch, first);
});

Deno.test("an injector gives Pods that share the same mounts the very same patch, and others their own", () => {
  const { inject } = createInjector();
  const sets = SETS.filter(({ name }) => name === "sharer");
  const patchFor = (name: string, mountPath: string) => {
    const containers = [{ ...MAIN, name, volumeMounts: [{ ...CACHE, mountPath }] }];
    return inject(requestFor(podWith({ containers }), sets, { now: NOON })).patch;
  };
  const first = patchFor("main", "/cache");
  assert.equal(patchFor("main", "/cache"), first);
  assert(Object.isFrozen(first));
  assert.notDeepEqual(patchFor("main", "/other"), first);
  assert.equal(patchFor("main", "/cache"), first, "kept next to it");
});

Deno.test("an injector freezes no patch that depends on the Pod's records", () => {
  const { inject } = createInjector();
  const sets = SETS.filter(({ name }) => name === "pair");
  assert.equal(Object.isFrozen(inject(requestFor(podWith(), sets)).patch), false);
});
