import assert from "node:assert/strict";
import { HASH_ANNOTATION } from "../../../lib/api/names.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import {
  asRecreated,
  missedReason,
  observedObstacle,
  replacementObstacle,
} from "../../../lib/core/cleanup/replacement.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { projectPod } from "../../../lib/index/projection.ts";
import { podOf, sidecarSetOf } from "../../support/objects.ts";

const web = sidecarSetOf();

function facts(prepared: PreparedSidecarSet, excluded: readonly string[] = []) {
  return {
    sidecarSet: prepared.name,
    excludedNamespaces: new Set(excluded),
    inject,
    request: {
      namespace: { name: "default", labels: {} },
      selecting: [prepared],
      match: () => [prepared],
      revisionsOf: () => [],
      sharesOf: () => ({ matched: 0, pinned: 0 }),
      now: new Date("2026-02-01T00:00:00Z"),
    },
  };
}

function reasonOf(pod: Pod, prepared = web, excluded: readonly string[] = []) {
  return replacementObstacle(pod, facts(prepared, excluded))?.reason;
}

Deno.test("asRecreated() takes everything back that injection adds to a Pod", () => {
  const spec = {
    initContainers: [{ name: "native", image: "n:1", restartPolicy: "Always" }],
    containers: [{
      name: "agent",
      image: "agent:1",
      upgradeStrategy: { upgradeType: "HotUpgrade" as const, hotUpgradeEmptyImage: "empty:1" },
    }],
  };
  const bare = podOf({ name: "a" });
  const { patch } = inject({ ...facts(sidecarSetOf({ spec })).request, pod: bare });
  const recreated = asRecreated(injectedPod(bare, patch));
  assert.deepEqual(recreated.spec, { ...bare.spec, initContainers: [] });
  assert.deepEqual(recreated.metadata.annotations, {});
  assert.equal(recreated.metadata.uid, undefined);
  assert.equal(recreated.status, undefined);
});

Deno.test("asRecreated() keeps what the Pod's author wrote", () => {
  const pod = podOf();
  const annotated = { ...pod, metadata: { ...pod.metadata, annotations: { note: "mine" } } };
  assert.deepEqual(asRecreated(annotated).metadata.annotations, { note: "mine" });
});

Deno.test("replacementObstacle() is undefined where a replacement would be injected", () => {
  assert.equal(reasonOf(podOf()), undefined);
  assert.equal(reasonOf(podOf({ injected: [web] })), undefined, "what the Pod has does not count");
});

Deno.test("replacementObstacle() says what would keep the sidecars out of a replacement", () => {
  const paused = sidecarSetOf({ spec: { injectionStrategy: { paused: true } } });
  const pod = podOf();
  const own = { ...pod, spec: { containers: [...pod.spec.containers, { name: "agent" }] } };
  const mirror = {
    ...pod,
    metadata: { ...pod.metadata, annotations: { "kubernetes.io/config.mirror": "x" } },
  };
  const unselected = {
    ...facts(web),
    request: { ...facts(web).request, selecting: [], match: () => [] },
  };
  assert.equal(reasonOf(pod, paused), "InjectionPaused");
  assert.equal(reasonOf(own), "ContainerNameConflict");
  assert.equal(reasonOf(pod, web, ["default"]), "NamespaceExcluded");
  assert.equal(reasonOf(mirror), "MirrorPod");
  assert.equal(replacementObstacle(pod, unselected)?.reason, "NotSelected");
});

Deno.test("missedReason() says that no webhook was called where a replacement would be injected", () => {
  assert.equal(missedReason(podOf(), facts(web)).reason, "NotReviewed");
  assert.equal(missedReason(podOf(), facts(web, ["default"])).reason, "NamespaceExcluded");
});

Deno.test("missedReason() names records that came with the Pod and cannot be read", () => {
  const pod = podOf();
  const annotations = { [HASH_ANNOTATION]: "{" };
  const copied = { ...pod, metadata: { ...pod.metadata, annotations } };
  assert.equal(missedReason(copied, facts(web)).reason, "AnnotationNotJson");
});

Deno.test("observedObstacle() leaves a volume of the Pod to the dry run with the whole Pod", () => {
  const volumeMounts = [{ name: "data", mountPath: "/data" }];
  const prepared = sidecarSetOf({
    spec: { containers: [{ name: "agent", image: "agent:1", volumeMounts }] },
  });
  const bare = podOf();
  const pod = { ...bare, spec: { ...bare.spec, volumes: [{ name: "data" }] } };
  assert.equal(reasonOf(pod, prepared), undefined);
  assert.equal(observedObstacle(projectPod(pod), facts(prepared)), undefined);
});

Deno.test("observedObstacle() finds what the SidecarSet and the names of the Pod's containers show", () => {
  const paused = sidecarSetOf({ spec: { injectionStrategy: { paused: true } } });
  const named = sidecarSetOf({ spec: { containers: [{ name: "main", image: "agent:1" }] } });
  const found = (prepared: PreparedSidecarSet) =>
    observedObstacle(projectPod(podOf()), facts(prepared))?.reason;
  assert.equal(found(web), undefined);
  assert.equal(found(paused), "InjectionPaused");
  assert.equal(found(named), "ContainerNameConflict");
});
