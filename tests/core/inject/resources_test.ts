import assert from "node:assert/strict";
import type { Container } from "../../../lib/api/container.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { ResourcesPolicy } from "../../../lib/api/sidecar_container.ts";
import {
  type ComputedResources,
  computeResources,
  resourceCandidates,
} from "../../../lib/core/inject/resources.ts";
import { prepareResourcesPolicy } from "../../../lib/core/inject/resources_policy.ts";

const main: Container = {
  name: "main",
  resources: {
    limits: { cpu: "200m", memory: "200Mi" },
    requests: { cpu: "50m", memory: "100Mi" },
  },
};
const helper: Container = {
  name: "helper",
  resources: { limits: { cpu: "400m", memory: "100Mi" }, requests: { cpu: "100m" } },
};

interface ComputeOptions {
  readonly candidates?: readonly Container[];
  readonly present?: NonNullable<Container["resources"]>;
  readonly regex?: string;
  readonly mode?: ResourcesPolicy["targetContainersMode"];
}

function compute(
  resourcesExpr: ResourcesPolicy["resourcesExpr"],
  { candidates = [main, helper], present, regex = ".*", mode = "sum" }: ComputeOptions = {},
): ComputedResources {
  const prepared = prepareResourcesPolicy({
    targetContainersMode: mode,
    targetContainersNameRegex: regex,
    resourcesExpr,
  });
  assert.ok(prepared.ok);
  return computeResources(prepared.value, { candidates, present });
}

const halves = {
  limits: { cpu: "cpu*50%", memory: "memory*50%" },
  requests: { cpu: "cpu*50%", memory: "memory*50%" },
};

Deno.test("computeResources() computes from the sum of the targets", () => {
  assert.deepEqual(compute(halves), {
    ok: true,
    resources: {
      limits: { cpu: "300m", memory: "150Mi" },
      requests: { cpu: "75m", memory: "50Mi" },
    },
  });
});

Deno.test("computeResources() computes from the maximum of the targets", () => {
  assert.deepEqual(compute(halves, { mode: "max" }), {
    ok: true,
    resources: {
      limits: { cpu: "200m", memory: "100Mi" },
      requests: { cpu: "50m", memory: "50Mi" },
    },
  });
});

Deno.test("computeResources() takes only the targets whose names match", () => {
  assert.deepEqual(compute({ limits: { cpu: "cpu" } }, { regex: "^main$" }), {
    ok: true,
    resources: { limits: { cpu: "200m" } },
  });
});

Deno.test("computeResources() fails without a target", () => {
  const result = compute(halves, { regex: "^zzz$" });
  assert.ok(!result.ok);
  assert.equal(result.reason, "NoTargetContainer");
  assert.match(result.message, /"\^zzz\$"/);
});

Deno.test("computeResources() leaves a limit out where one target has none, a constant one too", () => {
  const candidates: Container[] = [
    { name: "a", resources: { limits: { cpu: "1" }, requests: { cpu: "500m" } } },
    { name: "b", resources: { limits: { memory: "1Gi" } } },
  ];
  const resourcesExpr = {
    limits: { cpu: "2", memory: "memory*50%" },
    requests: { cpu: "cpu*50%", memory: "memory*50%" },
  };
  assert.deepEqual(compute(resourcesExpr, { candidates }), {
    ok: true,
    resources: { requests: { cpu: "250m", memory: "0" } },
  });
});

Deno.test("computeResources() sets nothing that the policy has no expression for", () => {
  assert.deepEqual(compute({ limits: {} }), { ok: true, resources: {} });
});

Deno.test("computeResources() replaces limits and requests and keeps claims", () => {
  const present = { claims: [{ name: "gpu" }], limits: { cpu: "9" }, requests: { memory: "9Gi" } };
  const result = compute({ limits: { cpu: "cpu" } }, { present });
  assert.deepEqual(result, {
    ok: true,
    resources: { claims: [{ name: "gpu" }], limits: { cpu: "600m" } },
  });
  assert.deepEqual(present.limits, { cpu: "9" });
});

Deno.test("computeResources() fails with the amount for which an expression comes out negative", () => {
  const result = compute({ requests: { cpu: "cpu-10" } });
  assert.ok(!result.ok);
  assert.equal(result.reason, "ExpressionFailed");
  assert.match(result.message, /resourcesExpr\.requests\.cpu "cpu-10" .* cpu=150m: .* -9850m/);
});

Deno.test("computeResources() fails where the API server would refuse a request above its limit", () => {
  const result = compute({ limits: { cpu: "100m" }, requests: { cpu: "500m" } });
  assert.ok(!result.ok);
  assert.equal(result.reason, "ExpressionFailed");
  assert.match(result.message, /cpu request is 500m, above the limit of 100m/);
});

Deno.test("computeResources() allows a request equal to its limit", () => {
  assert.deepEqual(compute({ limits: { memory: "1024Mi" }, requests: { memory: "1Gi" } }), {
    ok: true,
    resources: { limits: { memory: "1Gi" }, requests: { memory: "1Gi" } },
  });
});

Deno.test("computeResources() fails where a target's quantity cannot be read", () => {
  const result = compute({ limits: { cpu: "cpu" } }, {
    candidates: [{ name: "odd", resources: { limits: { cpu: "1x" } } }],
  });
  assert.ok(!result.ok);
  assert.match(result.message, /resources\.limits\.cpu of container odd .* "1x"/);
});

Deno.test("resourceCandidates() takes containers and native sidecars that are no sidecars of ours", () => {
  const pod: Pod = {
    metadata: { name: "web" },
    spec: {
      initContainers: [
        { name: "native", restartPolicy: "Always" },
        { name: "prepare" },
        { name: "proxy", restartPolicy: "Always" },
      ],
      containers: [{ name: "main" }, { name: "agent" }],
    },
  };
  const names = resourceCandidates(pod, new Set(["agent", "proxy"])).map(({ name }) => name);
  assert.deepEqual(names, ["native", "main"]);
});
