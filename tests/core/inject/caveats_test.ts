import assert from "node:assert/strict";
import type { Container, Volume } from "../../../lib/api/container.ts";
import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarContainer } from "../../../lib/api/sidecar_container.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { podWith, prepared, requestFor } from "./fixtures.ts";

function caveatsIn(pod: Pod, ...sets: PreparedSidecarSet[]): string[] {
  const { caveats = [] } = inject(requestFor(pod, sets));
  return caveats.map(({ sidecarSet, message }) => `${sidecarSet}: ${message}`);
}

/** Of the first call and the second one, which has to find the same. */
function caveats(spec: Partial<PodSpec>, ...sets: PreparedSidecarSet[]): string[] {
  const pod = podWith(spec);
  const first = caveatsIn(pod, ...sets);
  const second = injectedPod(pod, inject(requestFor(pod, sets)).patch);
  assert.deepEqual(caveatsIn(second, ...sets), first);
  return first;
}

const agent = { name: "agent", image: "agent:1" };

function mounting(volume: Volume): PreparedSidecarSet {
  const volumeMounts = [{ name: volume.name, mountPath: "/etc/agent" }];
  return prepared("web", { containers: [{ ...agent, volumeMounts }], volumes: [volume] });
}

function config(name: string, more: object = {}): Volume {
  return { name: "config", configMap: { name, ...more } };
}

Deno.test("inject() says that a sidecar gets the Pod's own volume of the same name", () => {
  const found = caveats({ volumes: [config("app")] }, mounting(config("agent")));
  assert.deepEqual(found, [
    `web: rename volume "config": the Pod's own volume of that name is used instead`,
  ]);
  assert.equal(caveats({ volumes: [{ name: "config" }] }, mounting(config("agent"))).length, 1);
  const items = [{ key: "a", path: "a" }];
  const partial = mounting(config("app", { items }));
  assert.equal(caveats({ volumes: [config("app")] }, partial).length, 1);
});

Deno.test("inject() says nothing of a volume that the Pod has just as the SidecarSet does", () => {
  assert.deepEqual(caveats({}, mounting(config("agent"))), []);
  const stored = config("agent", { defaultMode: 420 });
  assert.deepEqual(caveats({ volumes: [stored] }, mounting(config("agent"))), []);
  const memory = (sizeLimit: string) => ({ name: "config", emptyDir: { sizeLimit } });
  assert.deepEqual(caveats({ volumes: [memory("1Gi")] }, mounting(memory("1024Mi"))), []);
  assert.equal(caveats({ volumes: [memory("2Gi")] }, mounting(memory("1Gi"))).length, 1);
});

function transferring(
  transferEnv: NonNullable<SidecarContainer["transferEnv"]>,
  more: Partial<SidecarContainer> = {},
): PreparedSidecarSet {
  return prepared("web", { containers: [{ ...agent, ...more, transferEnv }] });
}

function main(env: Container["env"], more: object = {}): Partial<PodSpec> {
  return { containers: [{ name: "main", image: "m", ...(env ? { env } : {}), ...more }] };
}

const from = (...envNames: string[]) => [{ sourceContainerName: "main", envNames }];

Deno.test("inject() says which variables transferEnv does not find", () => {
  const fieldPath = "metadata.labels['source']";
  const byLabel = [{
    sourceContainerNameFrom: { fieldRef: { apiVersion: "v1", fieldPath } },
    envName: "A",
  }];
  for (
    const [spec, web, message] of [
      [main([]), transferring(from("A")), 'fix transferEnv: container "main" sets no "A"'],
      [
        {},
        transferring([{ sourceContainerName: "gone", envName: "A" }]),
        'fix transferEnv of "A": the Pod has no container "gone"',
      ],
      [
        {},
        transferring(byLabel),
        `fix transferEnv of "A": the Pod lacks metadata.labels['source']`,
      ],
      [
        main(undefined, { envFrom: [{ configMapRef: { name: "c" } }] }),
        transferring(from("A")),
        'set "A" in env of container "main": envFrom is not transferred',
      ],
    ] as const
  ) assert.deepEqual(caveats(spec, web), [`web: ${message}`]);
});

Deno.test("inject() says nothing of a variable that the sidecar has from elsewhere", () => {
  const own = transferring(from("A"), { env: [{ name: "A", value: "own" }] });
  assert.deepEqual(caveats(main([]), own), []);
  const two = transferring([...from("A"), { sourceContainerName: "gone", envName: "A" }]);
  assert.deepEqual(caveats(main([{ name: "A", value: "1" }]), two), []);
});

Deno.test("inject() says what of a transferred value means something else in the sidecar", () => {
  const env = [
    { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
    { name: "A", value: "$(POD)/$(NONE)/$$(POD)" },
    { name: "CPUS", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
  ];
  assert.deepEqual(caveats(main(env), transferring(from("A", "CPUS"))), [
    'web: transfer "POD" too: "A" keeps the text $(POD)',
    `web: set "CPUS" in "agent": its resourceFieldRef reads the sidecar's own`,
  ]);
  const all = transferring(from("A", "POD"));
  assert.deepEqual(caveats(main(env), all), []);
  const named = [{
    name: "CPUS",
    valueFrom: { resourceFieldRef: { containerName: "main", resource: "limits.cpu" } },
  }];
  assert.deepEqual(caveats(main(named), transferring(from("CPUS"))), []);
});

Deno.test("inject() says that a reference may come from envFrom of the source", () => {
  const env = [{ name: "A", value: "$(B)" }];
  assert.deepEqual(caveats(main(env), transferring(from("A"))), [], "only text in the source too");
  const more = { envFrom: [{ secretRef: { name: "s" } }] };
  assert.deepEqual(caveats(main(env, more), transferring(from("A"))), [
    'web: transfer "B" too: "A" keeps the text $(B)',
  ]);
});

Deno.test("inject() says that the path of a shared mount refers to what is not shared", () => {
  const env = [{ name: "POD", value: "web-0" }, { name: "DIR", value: "$(POD)/data" }];
  const volumeMounts = [{ name: "data", mountPath: "/data", subPathExpr: "$(DIR)" }];
  const spec = { ...main(env, { volumeMounts }), volumes: [{ name: "data" }] };
  const sharing = { ...agent, shareVolumePolicy: { type: "enabled" as const } };
  const lost = ['web: transfer "POD" too: "DIR" keeps the text $(POD)'];
  assert.deepEqual(caveats(spec, prepared("web", { containers: [sharing] })), lost);
  const both = { ...sharing, transferEnv: from("POD") };
  assert.deepEqual(caveats(spec, prepared("web", { containers: [both] })), []);
});

Deno.test("inject() says that a Pod that runs to completion waits for a sidecar", () => {
  const waiting =
    'web: set completionPolicy: TerminateWithMain, or the Pod ends only after "agent"';
  const web = prepared("web", {
    containers: [agent, { ...agent, name: "ends", completionPolicy: "TerminateWithMain" }],
    initContainers: [{ ...agent, name: "native", restartPolicy: "Always" }, {
      ...agent,
      name: "setup",
    }],
  });
  for (const restartPolicy of ["Never", "OnFailure"]) {
    assert.deepEqual(caveats({ restartPolicy }, web), [waiting]);
  }
  assert.deepEqual(caveats({ restartPolicy: "Always" }, web), []);
  assert.deepEqual(caveats({}, web), []);
});

Deno.test("inject() knows OpenKruise's variables for a sidecar's end with the main containers", () => {
  const ending = (name: string, value: string) =>
    prepared("web", { containers: [{ ...agent, env: [{ name, value }] }] });
  const variable = "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT";
  const pod = { restartPolicy: "Never" };
  assert.deepEqual(caveats(pod, ending(variable, "true")), []);
  assert.deepEqual(caveats(pod, ending(`${variable}_WITH_IMAGE`, "exit:1")), []);
  assert.equal(caveats(pod, ending(variable, "false")).length, 1);
});

Deno.test("inject() leaves a SidecarSet out whose sidecar could not start for a variable of a shared mount", () => {
  const web = prepared("web", {
    containers: [{ ...agent, shareVolumePolicy: { type: "enabled" } }],
  });
  const volumeMounts = [{ name: "data", mountPath: "/data", subPathExpr: "$(TEAM)" }];
  const more = { volumeMounts, envFrom: [{ configMapRef: { name: "c" } }] };
  const pod = podWith({ ...main(undefined, more), volumes: [{ name: "data" }] });
  const { skipped: [skip] } = inject(requestFor(pod, [web]));
  assert.equal(skip?.reason, "VolumeConflict");
  assert.match(skip.message, /needs the variable TEAM, and container main has that from envFrom/);
  const own = prepared("web", {
    containers: [{
      ...agent,
      shareVolumePolicy: { type: "enabled" },
      env: [{ name: "TEAM", value: "own" }],
    }],
  });
  assert.deepEqual(inject(requestFor(pod, [own])).skipped, []);
});
