import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { strippedPart } from "../../../lib/core/status/drift.ts";
import { frozen, podWith, prepared, requestFor } from "./fixtures.ts";

const web = prepared("web", {
  initContainers: [
    { name: "proxy", image: "proxy:1", restartPolicy: "Always" },
    { name: "setup", image: "setup:1" },
  ],
  containers: [
    {
      name: "agent",
      image: "agent:1",
      completionPolicy: "TerminateWithMain",
      volumeMounts: [{ name: "run", mountPath: "/run/agent" }],
    },
    {
      name: "hot",
      image: "hot:1",
      upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "empty:1" },
    },
  ],
  volumes: [{ name: "run", emptyDir: {} }],
  imagePullSecrets: [{ name: "registry" }],
});

const INJECTED = frozen(injectedPod(podWith(), inject(requestFor(podWith(), [web])).patch));

/** The Pod as another webhook leaves it. */
function changed(change: (container: Container) => Container, more: object = {}): Pod {
  const { containers, initContainers = [] } = INJECTED.spec;
  const spec = {
    ...INJECTED.spec,
    containers: containers.map(change),
    initContainers: initContainers.map(change),
    ...more,
  };
  return frozen({ ...INJECTED, spec });
}

const same = (container: Container) => container;

function without(name: string, field: string) {
  return (container: Container): Container =>
    container.name !== name ? container : Object.assign(
      { name, image: container.image },
      Object.fromEntries(Object.entries(container).filter(([key]) => key !== field)),
    );
}

function withoutEnv(variable: string) {
  return (container: Container): Container => ({
    ...container,
    env: container.env?.filter(({ name }) => name !== variable) ?? [],
  });
}

for (
  const [what, pod] of [
    ["restartPolicy of a native sidecar", changed(without("proxy", "restartPolicy"))],
    [
      "restartPolicy of a native sidecar that was changed",
      changed((each) => each.name === "proxy" ? { ...each, restartPolicy: "OnFailure" } : each),
    ],
    [
      "mark of a sidecar that ends with the main containers",
      changed(withoutEnv("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT")),
    ],
    ["version of a hot-upgrade pair", changed(withoutEnv("SIDECARSET_VERSION"))],
    ["volume that a sidecar mounts", changed(same, { volumes: [] })],
    ["last volume", changed(same, { volumes: undefined })],
    ["pull secret", changed(same, { imagePullSecrets: [{ name: "other" }] })],
    ["last pull secret", changed(same, { imagePullSecrets: undefined })],
  ] as const
) {
  Deno.test(`inject() puts back the ${what}`, () => {
    const { patch, injected } = inject(requestFor(pod, [web]));
    assert.deepEqual(injected.map(({ isNew }) => isNew), [false]);
    const restored = injectedPod(pod, patch);
    assert.deepEqual(inject(requestFor(restored, [web])).patch, []);
    assert.deepEqual(byName(restored), byName(INJECTED));
  });
}

Deno.test("inject() leaves a plain init container without a restartPolicy", () => {
  assert.deepEqual(inject(requestFor(INJECTED, [web])).patch, []);
});

Deno.test("inject() puts back a volume next to those of another SidecarSet that it adds", () => {
  const more = prepared("more", {
    containers: [{ name: "m", image: "m", volumeMounts: [{ name: "own", mountPath: "/own" }] }],
    volumes: [{ name: "own", emptyDir: {} }],
  });
  const pod = changed(same, { volumes: undefined });
  const { spec } = injectedPod(pod, inject(requestFor(pod, [web, more])).patch);
  assert.deepEqual(spec.volumes?.map(({ name }) => name), ["run", "own"]);
});

Deno.test("strippedPart() names what another webhook has taken from an injected Pod for good", () => {
  assert.equal(strippedPart(INJECTED, web), undefined);
  assert.match(
    strippedPart(changed(without("proxy", "restartPolicy")), web) ?? "",
    /^init container proxy has lost its restartPolicy Always .* waits in Init/,
  );
  const containers = INJECTED.spec.containers.filter(({ name }) => name !== "hot-2");
  assert.match(strippedPart(changed(same, { containers }), web) ?? "", /^container hot-2 was/);
});

Deno.test("strippedPart() says nothing of a Pod that has another revision with other containers", () => {
  const next = prepared("web", {
    initContainers: [
      { name: "proxy", image: "proxy:2", restartPolicy: "Always" },
      { name: "setup", image: "setup:1", restartPolicy: "Always" },
    ],
    containers: [{ name: "new", image: "new:1" }],
  });
  assert.equal(strippedPart(INJECTED, next), undefined);
  assert.match(strippedPart(changed(without("proxy", "restartPolicy")), next) ?? "", /proxy/);
});

/** Order does not matter to what was put back. */
function byName({ spec }: Pod) {
  const sorted = <T extends { name?: string | undefined }>(list: readonly T[] = []) =>
    list.toSorted((a, b) => (a.name ?? "") < (b.name ?? "") ? -1 : 1);
  const containers = [...spec.containers, ...spec.initContainers ?? []].map((each) => ({
    ...each,
    env: sorted(each.env),
  }));
  return {
    containers: sorted(containers),
    volumes: sorted(spec.volumes),
    pulls: spec.imagePullSecrets?.some(({ name }) => name === "registry"),
  };
}
