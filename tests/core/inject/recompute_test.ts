import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { ResourcesPolicy } from "../../../lib/api/sidecar_container.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

type Resources = NonNullable<Container["resources"]>;

const HALF = { limits: { cpu: "cpu*50%" }, requests: { cpu: "cpu*50%", memory: "100Mi" } };

function computing(resourcesExpr: ResourcesPolicy["resourcesExpr"], list = "containers") {
  const policy = { targetContainersMode: "sum" as const, resourcesExpr };
  const sidecar = { name: "agent", image: "agent:1", resourcesPolicy: policy };
  return list === "containers"
    ? prepared("web", { containers: [sidecar] })
    : prepared("web", { initContainers: [{ ...sidecar, restartPolicy: "Always" }] });
}

function main(cpu: string, name = "main"): Container {
  return { name, image: "m", resources: { limits: { cpu }, requests: { cpu } } };
}

function injectInto(pod: Pod, ...selecting: PreparedSidecarSet[]): Pod {
  return injectedPod(pod, inject(requestFor(pod, selecting)).patch);
}

/** The Pod as another webhook leaves it that changes containers by their names. */
function changed(pod: Pod, changes: Readonly<Record<string, Resources>>): Pod {
  const change = (each: Container): Container => {
    const resources = changes[each.name];
    return resources === undefined ? each : { ...each, resources };
  };
  const { containers, initContainers = [] } = pod.spec;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: containers.map(change),
      initContainers: initContainers.map(change),
    },
  };
}

function withContainer(pod: Pod, container: Container): Pod {
  return { ...pod, spec: { ...pod.spec, containers: [...pod.spec.containers, container] } };
}

function agentOf({ spec }: Pod): Resources | undefined {
  return [...spec.containers, ...spec.initContainers ?? []].find(({ name }) => name === "agent")
    ?.resources;
}

for (const list of ["containers", "initContainers"]) {
  Deno.test(`inject() keeps resources that an autoscaler has set on a sidecar in ${list}`, () => {
    const web = computing(HALF, list);
    const first = injectInto(podWith({ containers: [main("1")] }), web);
    assert.deepEqual(agentOf(first), {
      limits: { cpu: "500m" },
      requests: { cpu: "500m", memory: "100Mi" },
    });
    const scaled = { limits: { cpu: "50m" }, requests: { cpu: "25m", memory: "60Mi" } };
    const second = changed(first, { main: main("300m").resources ?? {}, agent: scaled });
    assert.deepEqual(inject(requestFor(second, [web])).patch, []);
  });
}

Deno.test("inject() computes an amount again that is still its own, and keeps the others", () => {
  const web = computing({ requests: { cpu: "cpu*50%", memory: "max(memory, 100Mi)" } });
  const first = injectInto(podWith({ containers: [main("1")] }), web);
  const scaled = changed(first, { agent: { requests: { cpu: "500m", memory: "60Mi" } } });
  const second = injectInto(withContainer(scaled, main("1", "late")), web);
  assert.deepEqual(agentOf(second)?.requests, { cpu: "1", memory: "60Mi" });
});

Deno.test("inject() keeps what was added to computed resources when it computes them again", () => {
  const web = computing({ requests: { cpu: "cpu*50%" } });
  const first = injectInto(podWith({ containers: [main("1")] }), web);
  const own = { limits: { "example.com/x": "1" }, requests: { cpu: "500m", "example.com/x": "1" } };
  const second = injectInto(withContainer(changed(first, { agent: own }), main("1", "late")), web);
  assert.deepEqual(agentOf(second), { ...own, requests: { ...own.requests, cpu: "1" } });
});

Deno.test("inject() computes requests again for containers that had none", () => {
  const web = computing({ requests: { cpu: "cpu*50%" } });
  const bare = podWith({ containers: [{ name: "main", image: "m" }] });
  const first = injectInto(bare, web);
  assert.deepEqual(agentOf(first), { requests: { cpu: "0" } });
  const second = injectInto(changed(first, { main: { requests: { cpu: "1" } } }), web);
  assert.deepEqual(agentOf(second), { requests: { cpu: "500m" } });
});

Deno.test("inject() keeps an amount that is the lower bound of the policy, set by any client", () => {
  const web = computing({ requests: { cpu: "max(cpu*50%, 50m)" } });
  const first = injectInto(podWith({ containers: [main("1")] }), web);
  const second = changed(first, { agent: { requests: { cpu: "50m" } } });
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
});

Deno.test("inject() keeps the amounts of a sidecar in a Pod with very many targets", () => {
  const web = computing({ requests: { cpu: "cpu" } });
  const containers = Array.from({ length: 40 }, (_, i) => main(`${2 ** (i % 20) + i}m`, `c-${i}`));
  const first = injectInto(podWith({ containers }), web);
  const second = withContainer(first, main("1", "late"));
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
});

Deno.test("inject() puts back no limit that another webhook has removed", () => {
  const web = computing(HALF);
  const first = injectInto(podWith({ containers: [main("1")] }), web);
  const second = changed(first, { agent: { requests: { cpu: "500m", memory: "100Mi" } } });
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
  const bare = changed(first, { agent: {} });
  assert.deepEqual(inject(requestFor(bare, [web])).patch, []);
});

Deno.test("inject() lets no request grow over a limit that another webhook has set", () => {
  const web = computing(HALF);
  const first = injectInto(podWith({ containers: [main("1")] }), web);
  const limited = { limits: { cpu: "501m" }, requests: { cpu: "500m", memory: "100Mi" } };
  const second = withContainer(changed(first, { agent: limited }), main("1", "late"));
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
});

Deno.test("inject() lets no request grow over what the Pod's own resources allow", () => {
  const web = computing({ requests: { cpu: "cpu*50%" } });
  const pod = podWith({ containers: [main("1")], resources: { limits: { cpu: "3" } } });
  const first = injectInto(pod, web);
  const grown = injectInto(withContainer(first, main("1", "late")), web);
  assert.deepEqual(agentOf(grown), { requests: { cpu: "1" } });
  const second = withContainer(first, main("1500m", "late"));
  assert.deepEqual(inject(requestFor(second, [web])).patch, []);
});
