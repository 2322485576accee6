import assert from "node:assert/strict";
import fc from "fast-check";
import type { Container } from "../../../lib/api/container.ts";
import { isObject } from "../../../lib/api/json.ts";
import type { ContainerState, Pod } from "../../../lib/api/pod.ts";
import type { SidecarContainer } from "../../../lib/api/sidecar_container.ts";
import { awaitsTermination, decideTermination } from "../../../lib/core/cleanup/jobs.ts";
import { deepFrozen } from "../../support/deep_frozen.ts";

const now = new Date("2026-06-01T12:00:00Z");
const running: ContainerState = { running: {} };
const ended = (exitCode: number): ContainerState => ({ terminated: { exitCode } });
const env = (name: string, value = "true") => ({ env: [{ name, value }] });
const marked = env("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT");
const withImage = env("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE", "exit:1");

interface JobPod {
  restartPolicy?: string;
  phase?: string;
  deleted?: boolean;
  annotations?: Record<string, string>;
  containers: readonly (Partial<Container> & { name: string; state?: ContainerState })[];
}

function jobPod({ restartPolicy = "Never", phase = "Running", ...rest }: JobPod): Pod {
  return deepFrozen({
    metadata: {
      name: "job",
      uid: "u",
      resourceVersion: "9",
      ...(rest.annotations ? { annotations: rest.annotations } : {}),
      ...(rest.deleted ? { deletionTimestamp: "2026-06-01T11:00:00Z" } : {}),
    },
    spec: {
      restartPolicy,
      containers: rest.containers.map(({ state: _state, ...container }) => container),
    },
    status: {
      phase,
      containerStatuses: rest.containers.flatMap(({ name, state }) =>
        state ? [{ name, image: "", imageID: "", ready: false, state }] : []
      ),
    },
  });
}

const sidecar = { name: "agent", state: running, ...marked };

function decide(pod: Pod, options: { virtualNode?: boolean; agent?: SidecarContainer } = {}) {
  const { virtualNode = false, agent } = options;
  const spec = { containers: agent ? [agent] : [] };
  const sidecarSet = (name: string) =>
    name === "web" ? { metadata: { name: "web" }, spec } : undefined;
  return decideTermination(pod, { virtualNode, sidecarSet, now });
}

function phaseOf(pod: Pod): string | undefined {
  const decision = decide(pod);
  if (decision?.kind !== "Phase" || !("status" in decision.patch)) return undefined;
  const { status } = decision.patch;
  return isObject(status) && typeof status.phase === "string" ? status.phase : undefined;
}

Deno.test("decideTermination() patches the status under the Pod's uid and resourceVersion", () => {
  const pod = jobPod({ containers: [{ name: "main", state: ended(0) }, sidecar] });
  assert.deepEqual(decide(pod), {
    kind: "Phase",
    reason: "MainContainersSucceeded",
    patch: {
      metadata: {
        uid: "u",
        resourceVersion: "9",
        annotations: { "kruise.io/sidecar-terminated-at": "2026-06-01T12:00:00.000Z" },
      },
      status: {
        phase: "Succeeded",
        conditions: [{
          type: "SidecarTerminated",
          status: "True",
          reason: "MainContainersSucceeded",
          message:
            "The sidecars were ended because all main containers have ended with exit code 0",
          lastTransitionTime: "2026-06-01T12:00:00Z",
        }],
      },
    },
  });
});

Deno.test("decideTermination() takes the phase from the main containers alone", async (t) => {
  const main = (...codes: number[]) =>
    codes.map((code, i) => ({ name: `main-${i}`, state: ended(code) }));
  const cases: [string, JobPod, string | undefined][] = [
    ["Never, succeeded", { containers: [...main(0), sidecar] }, "Succeeded"],
    ["Never, failed", { containers: [...main(0, 3), sidecar] }, "Failed"],
    [
      "OnFailure, succeeded",
      { restartPolicy: "OnFailure", containers: [...main(0), sidecar] },
      "Succeeded",
    ],
    ["OnFailure waits for the restart", {
      restartPolicy: "OnFailure",
      containers: [...main(0, 3), sidecar],
    }, undefined],
    [
      "a failed sidecar",
      { containers: [...main(0), { ...sidecar, state: ended(7) }] },
      "Succeeded",
    ],
    [
      "a sidecar that cannot be started",
      { phase: "Pending", containers: [...main(0), { ...sidecar, state: { waiting: {} } }] },
      "Succeeded",
    ],
    [
      "a main container still runs",
      { containers: [{ name: "main", state: running }, sidecar] },
      undefined,
    ],
    [
      "restartPolicy Always",
      { restartPolicy: "Always", containers: [...main(0), sidecar] },
      undefined,
    ],
    ["no sidecar", { containers: main(0) }, undefined],
    ["every container is a sidecar", { containers: [{ ...sidecar, state: ended(0) }] }, undefined],
    ["a lost node", { phase: "Unknown", containers: [...main(0), sidecar] }, undefined],
    ["ended already", { phase: "Failed", containers: [...main(0), sidecar] }, undefined],
    ["being deleted", { deleted: true, containers: [...main(0), sidecar] }, undefined],
    ["a status is missing", { containers: [...main(0), { name: "agent", ...marked }] }, undefined],
    ["a container's own restartPolicy", {
      containers: [{ name: "main", restartPolicy: "Always", state: ended(0) }, sidecar],
    }, undefined],
    ["a container's own Never", {
      restartPolicy: "OnFailure",
      containers: [{ name: "main", restartPolicy: "Never", state: ended(1) }, sidecar],
    }, "Failed"],
  ];
  for (const [name, pod, phase] of cases) {
    await t.step(name, () => assert.equal(phaseOf(jobPod(pod)), phase));
  }
});

Deno.test("decideTermination() waits for restarts that a container's rules order", () => {
  const rules = (
    operator: string,
  ) => [{ action: "Restart", exitCodes: { operator, values: [42] } }];
  const phase = (operator: string, code: number) =>
    phaseOf(jobPod({
      containers: [
        {
          name: "main",
          state: ended(code),
          restartPolicy: "Never",
          restartPolicyRules: rules(operator),
        },
        sidecar,
      ],
    }));
  assert.equal(phase("In", 42), undefined);
  assert.equal(phase("In", 1), "Failed");
  assert.equal(phase("NotIn", 1), undefined);
  assert.equal(phase("NotIn", 42), "Failed");
});

Deno.test("decideTermination() knows sidecars by OpenKruise's variables, on any Pod", async (t) => {
  const main = { name: "main", state: ended(0) };
  const cases: [string, Partial<Container>, string | undefined][] = [
    ["true in any case", env("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", "TRUE"), "Succeeded"],
    ["an image", withImage, "Succeeded"],
    ["false", env("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", "false"), undefined],
    ["an empty image", env("KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT_WITH_IMAGE", ""), undefined],
    ["the exit code alone", env("KRUISE_TERMINATE_SIDECAR_IGNORE_EXIT_CODE"), undefined],
  ];
  for (const [name, container, phase] of cases) {
    const pod = jobPod({ containers: [main, { name: "agent", state: running, ...container }] });
    await t.step(name, () => assert.equal(phaseOf(pod), phase));
  }
});

Deno.test("decideTermination() also follows the SidecarSet as it is now, for containers that it injected", () => {
  const agent: SidecarContainer = { name: "agent", completionPolicy: "TerminateWithMain" };
  const pod = (container: Partial<Container>, list: string) =>
    jobPod({
      annotations: { "kruise.io/sidecarset-injected-list": list },
      containers: [{ name: "main", state: ended(0) }, {
        name: "agent",
        state: running,
        ...container,
      }],
    });
  const injected = env("IS_INJECTED");
  assert.equal(decide(pod(injected, "web"), { agent })?.kind, "Phase");
  assert.equal(decide(pod({}, "web"), { agent }), undefined, "an author's own container");
  assert.equal(decide(pod(injected, "other"), { agent }), undefined, "another SidecarSet's");
  assert.equal(
    decide(pod(injected, "web"), { agent: { ...agent, completionPolicy: "Wait" } }),
    undefined,
  );
});

Deno.test("decideTermination() sets the named image on virtual nodes", () => {
  const containers = [
    { name: "main", state: ended(0) },
    { name: "agent", image: "agent:1", state: running, ...withImage },
    { name: "done", image: "done:1", state: ended(0), ...withImage },
  ];
  assert.deepEqual(decide(jobPod({ containers }), { virtualNode: true }), {
    kind: "Images",
    patch: {
      metadata: { uid: "u", resourceVersion: "9" },
      spec: { containers: [{ name: "agent", image: "exit:1" }] },
    },
  });
  const swapped = containers.map((each) =>
    each.name === "agent" ? { ...each, image: "exit:1" } : each
  );
  assert.equal(decide(jobPod({ containers: swapped }), { virtualNode: true }), undefined);
});

Deno.test("decideTermination() says which sidecars of a virtual node have no image to end with", () => {
  const pod = jobPod({ containers: [{ name: "main", state: ended(0) }, sidecar] });
  assert.deepEqual(decide(pod, { virtualNode: true }), {
    kind: "Impossible",
    containers: ["agent"],
  });
});

Deno.test("awaitsTermination() is true exactly where there is a decision for an ordinary node", () => {
  const states = fc.constantFrom(running, ended(0), ended(1), undefined);
  const container = fc.record({ state: states, marked: fc.boolean() });
  const pods = fc.record({
    restartPolicy: fc.constantFrom("Never", "OnFailure", "Always"),
    phase: fc.constantFrom("Pending", "Running", "Succeeded"),
    containers: fc.array(container, { minLength: 1, maxLength: 4 }),
  });
  fc.assert(fc.property(pods, ({ containers, ...rest }) => {
    const pod = jobPod({
      ...rest,
      containers: containers.map(({ state, marked: isMarked }, i) => ({
        name: `c${i}`,
        ...(state ? { state } : {}),
        ...(isMarked ? marked : {}),
      })),
    });
    const awaits = awaitsTermination(pod, { sidecarSet: () => undefined });
    assert.equal(awaits, decide(pod) !== undefined);
    const ofMain = containers.filter((each) => !each.marked);
    if (awaits) assert.ok(ofMain.length > 0 && ofMain.every(({ state }) => state?.terminated));
  }));
});
