import assert from "node:assert/strict";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podWith, prepared, requestFor } from "../inject/fixtures.ts";

const KEY = "kubectl.kubernetes.io/default-container";
const agent = { name: "agent", image: "agent:1" };
const front = { ...agent, podInjectPolicy: "BeforeAppContainer" as const };
const behind = { ...agent, podInjectPolicy: "AfterAppContainer" as const };

function injectInto(pod: Pod, ...sets: PreparedSidecarSet[]): Pod {
  return injectedPod(pod, inject(requestFor(pod, sets)).patch);
}

function chosen(spec: SidecarSetSpec, pod = podWith()): string | undefined {
  return injectInto(pod, prepared("web", spec)).metadata.annotations?.[KEY];
}

Deno.test("inject() names the Pod's own container as kubectl's default where a sidecar stands in front", () => {
  assert.equal(chosen({ containers: [front] }), "main");
  assert.equal(chosen({ containers: [behind, { ...front, name: "first" }] }), "main");
  const two = podWith({ containers: [{ name: "app", image: "a" }, { name: "main", image: "m" }] });
  assert.equal(chosen({ containers: [front] }, two), "app");
  const pair = { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" };
  assert.equal(chosen({ containers: [{ ...front, upgradeStrategy: pair }] }), "main");
});

Deno.test("inject() names no default container where the Pod's own one is the first", () => {
  assert.equal(chosen({ containers: [behind] }), undefined);
  assert.equal(chosen({ initContainers: [{ ...agent, restartPolicy: "Always" }] }), undefined);
  const replacing = {
    conflictPolicy: "Replace" as const,
    containers: [{ ...front, name: "main" }],
  };
  assert.equal(chosen(replacing), undefined);
});

Deno.test("inject() leaves the default container that the Pod or patchPodMetadata names", () => {
  assert.equal(chosen({ containers: [front] }, podWith({}, { [KEY]: "other" })), "other");
  assert.equal(chosen({ containers: [front] }, podWith({}, { [KEY]: "" })), "");
  const patchPodMetadata = [{ annotations: { [KEY]: "agent" }, patchPolicy: "Retain" as const }];
  assert.equal(chosen({ containers: [front], patchPodMetadata }), "agent");
});

Deno.test("inject() passes over a container that it replaces and those of an earlier call", () => {
  const containers = [{ name: "proxy", image: "own:1" }, { name: "main", image: "m" }];
  const spec = {
    conflictPolicy: "Replace" as const,
    containers: [front, { ...front, name: "proxy" }],
  };
  assert.equal(chosen(spec, podWith({ containers })), "main");
  const web = prepared("web", { containers: [front] });
  const first = injectInto(podWith(), web);
  const { [KEY]: _removed, ...annotations } = first.metadata.annotations ?? {};
  const changed = { ...first, metadata: { ...first.metadata, annotations } };
  const audit = prepared("audit", { containers: [{ ...front, name: "audit" }] });
  assert.equal(injectInto(changed, web, audit).metadata.annotations?.[KEY], "main");
});

Deno.test("inject() names the default container once, and not again where it was removed", () => {
  const web = prepared("web", { containers: [front] });
  const first = injectInto(podWith(), web);
  assert.deepEqual(inject(requestFor(first, [web])).patch, []);
  const { [KEY]: _removed, ...annotations } = first.metadata.annotations ?? {};
  const changed = { ...first, metadata: { ...first.metadata, annotations } };
  assert.deepEqual(inject(requestFor(changed, [web])).patch, []);
});
