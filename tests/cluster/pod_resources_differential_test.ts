import assert from "node:assert/strict";
import fc from "fast-check";
import type { PodSpec } from "../../lib/api/pod.ts";
import { podLevelExcesses } from "../../lib/core/inject/pod_level_excess.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";

const PODS = 300;
/** In milliseconds: where the machine is slow, fewer Pods are compared. */
const DURATION_MS = 20_000;

function amounts<T extends string>(model: Record<T, fc.Arbitrary<string>>) {
  return fc.record(model, { requiredKeys: [], noNullPrototype: true });
}

const cpu = fc.constantFrom("100m", "500m", "1", "1500m");
const memory = fc.constantFrom("64Mi", "128Mi", "0.25Gi");
const hugePages = fc.constantFrom("2Mi", "4Mi");

/** What the API server takes of a container by itself: huge pages are requested as they are limited. */
const ofContainer = fc.tuple(
  amounts({ cpu, memory }),
  fc.option(hugePages, { nil: undefined }),
).map(([requests, pages]) => ({
  requests,
  ...(pages ? { limits: { cpu: "2", memory: "1Gi", "hugepages-2Mi": pages } } : {}),
}));

const limited = fc.oneof(ofContainer, amounts({ cpu, memory }).map((limits) => ({ limits })));

const podSpec: fc.Arbitrary<PodSpec> = fc.record({
  resources: fc.record({
    requests: amounts({ cpu, memory, "hugepages-2Mi": hugePages }),
    limits: amounts({ cpu, memory, "hugepages-2Mi": hugePages }),
  }, { requiredKeys: [], noNullPrototype: true }),
  containers: fc.array(limited, { minLength: 1, maxLength: 2 }).map((list) =>
    list.map((each, i) => ({ name: `main-${i}`, image: "m", resources: each }))
  ),
  initContainers: fc.array(fc.tuple(limited, fc.boolean()), { maxLength: 2 }).map((list) =>
    list.map(([each, isNative], i) => ({
      ...{ name: `init-${i}`, image: "i", resources: each },
      ...(isNative ? { restartPolicy: "Always" } : {}),
    }))
  ),
}, { noNullPrototype: true });

/** What the API server has against the Pod's own resources; undefined where something else is wrong with it. */
async function serverVerdict({ client }: ControlPlane, spec: PodSpec) {
  const body = Object({
    metadata: { name: "pod" },
    spec: { serviceAccountName: "default", ...spec },
  });
  try {
    await send(client, create(resources.pods, { namespace: "default", dryRun: true, body }));
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.httpCode !== 422) throw error;
    const causes = error.status?.details?.causes ?? [];
    const own = causes.filter(({ field = "", message = "" }) =>
      // Without cpu or memory of the Pod no sidecar changes this.
      field.startsWith("spec.resources") && !message.includes("HugePages require")
    );
    return own.length < causes.length ? undefined : own.map(({ message = "" }) => message);
  }
}

Deno.test("the API server refuses a Pod for its own resources where this program foresees it", async () => {
  await using plane = await startControlPlane({ kubelet: false });
  const counts = { taken: 0, refused: 0 };
  const comparison = fc.asyncProperty(podSpec, async (spec) => {
    const found = await serverVerdict(plane, spec);
    if (found === undefined) return;
    counts[found.length > 0 ? "refused" : "taken"]++;
    const foreseen = [...podLevelExcesses(spec.resources, spec).values()];
    assert.equal(foreseen.length > 0, found.length > 0, JSON.stringify({ found, foreseen }));
  });
  await fc.assert(comparison, {
    numRuns: PODS,
    interruptAfterTimeLimit: DURATION_MS,
    markInterruptAsFailure: false,
  });
  assert.ok(counts.taken > 10 && counts.refused > 10, JSON.stringify(counts));
});
