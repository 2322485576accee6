import assert from "node:assert/strict";
import fc from "fast-check";
import { applyDefaults } from "../../lib/core/defaults/sidecarset.ts";
import { validateSidecarSet } from "../../lib/core/validate/validate.ts";
import { ApiError } from "../../lib/kube/errors.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, startControlPlane } from "../support/control_plane.ts";
import { podParts } from "../support/pod_arbitraries.ts";

const PODS = 400;
/** In milliseconds: where the machine is slow, fewer Pods are compared. */
const DURATION_MS = 20_000;

type Parts = typeof podParts extends fc.Arbitrary<infer T> ? T : never;

/** The containers' fields and the volumes that something is wrong with; empty where the Pod is taken. */
type Verdict = readonly string[];

/** `spec.containers[0].env`, `spec.volumes[1]`: below that, Kubernetes' paths leave out some elements. */
function place(field: string): string {
  return /^spec\.(\w*[cC]ontainers\[\d+\](\.\w+)?|volumes\[\d+\])/.exec(field)?.[0] ?? field;
}

function verdictOf(fields: readonly string[]): Verdict {
  return [...new Set(fields.map(place))].toSorted();
}

/**
 * The Pod around the parts that suits them best: what depends on it is not the SidecarSet's fault.
 */
function suitablePod(parts: Parts): object {
  const text = JSON.stringify(parts);
  return {
    serviceAccountName: "default",
    terminationGracePeriodSeconds: 60,
    resourceClaims: [{ name: "none", resourceClaimName: "none" }],
    ...(text.includes('"Unmasked"') ? { hostUsers: false } : {}),
    ...parts,
  };
}

/** Whether no Pod takes the parts together: its own user namespace excludes block devices. */
function excludeEachOther(parts: Parts): boolean {
  const text = JSON.stringify(parts);
  return text.includes('"Unmasked"') && text.includes('"volumeDevices":[{');
}

/** What the API server finds wrong with a Pod. */
async function serverVerdict({ client }: ControlPlane, parts: Parts): Promise<Verdict> {
  const spec = suitablePod(parts);
  const body = Object({ metadata: { name: "pod" }, spec });
  try {
    await send(client, create(resources.pods, { namespace: "default", dryRun: true, body }));
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || error.httpCode !== 422) throw error;
    return verdictOf((error.status?.details?.causes ?? []).map(({ field = "" }) => field));
  }
}

/** What validation finds wrong with a SidecarSet that brings the same. */
function ownVerdict(parts: Parts): Verdict {
  const object = applyDefaults({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "web" },
    spec: { selector: { matchLabels: { app: "web" } }, ...parts },
  });
  const problems = validateSidecarSet({
    operation: "CREATE",
    object,
    others: [],
    revisions: [],
    requireAllowList: false,
    allowPrivileged: false,
  });
  return verdictOf(problems.map(({ field }) => field));
}

Deno.test("validation finds wrong with parts of Pods what the API server does", async () => {
  await using plane = await startControlPlane({ kubelet: false });
  const seen = { taken: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(podParts, async (generated) => {
      const parts: Parts = JSON.parse(JSON.stringify(generated));
      fc.pre(!excludeEachOther(parts));
      const expected = await serverVerdict(plane, parts);
      const own = ownVerdict(parts);
      // It may report more: Kubernetes does not compare the names of volumes that are wrong by themselves.
      assert.deepEqual(own.filter((field) => expected.includes(field)), expected);
      assert.equal(own.length > 0, expected.length > 0, own.join());
      seen[expected.length === 0 ? "taken" : "refused"]++;
    }),
    { numRuns: PODS, interruptAfterTimeLimit: DURATION_MS },
  );
  assert.ok(seen.taken > 20 && seen.refused > 20, JSON.stringify(seen));
});
