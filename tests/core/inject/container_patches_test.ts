import assert from "node:assert/strict";
import type { Container, EnvVar } from "../../../lib/api/container.ts";
import type { PatchContainers, PatchedVariable } from "../../../lib/api/patch_containers.ts";
import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import { podPatches } from "../../../lib/core/annotations/pod_patches.ts";
import { asRecreated } from "../../../lib/core/cleanup/replacement.ts";
import { inject } from "../../../lib/core/inject/inject.ts";
import { injectedPod } from "../../../lib/core/json/patch.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { frozen, podWith, prepared, requestFor } from "./fixtures.ts";

function patching(
  patchContainers: PatchContainers[],
  { name = "java", ...spec }: SidecarSetSpec & { name?: string } = {},
): PreparedSidecarSet {
  return prepared(name, {
    initContainers: [{ name: `${name}-agent`, image: "agent:1" }],
    ...spec,
    patchContainers,
  });
}

function run(pod: Pod, ...selecting: PreparedSidecarSet[]) {
  const { patch, injected, skipped, caveats = [] } = inject(frozen(requestFor(pod, selecting)));
  return {
    pod: injectedPod(pod, patch),
    patch,
    injected: injected.map(({ sidecarSet }) => sidecarSet),
    skipped: skipped.map(({ sidecarSet, reason }) => `${sidecarSet} ${reason}`),
    messages: skipped.map(({ message }) => message),
    caveats: caveats.map(({ message }) => message),
  };
}

function own(name: string, more: Partial<Container> = {}): Container {
  return { name, image: "own:1", ...more };
}

function containerOf({ spec }: Pod, name: string): Container | undefined {
  return [...spec.initContainers ?? [], ...spec.containers].find((each) => each.name === name);
}

/** The variables of `main` after the patch. */
function envAfter(env: EnvVar[] | undefined, ...patches: PatchedVariable[]): unknown {
  const pod = podWith({ containers: [own("main", env ? { env } : {})] });
  const result = run(pod, patching([{ env: patches }]));
  return result.skipped.length > 0 ? result.skipped : containerOf(result.pod, "main")?.env;
}

const OPTIONS = "JAVA_TOOL_OPTIONS";
const agent: PatchedVariable = { name: OPTIONS, value: "-javaagent:/a.jar", patchPolicy: "Append" };
const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });

Deno.test("Retain adds a variable, and keeps one that the container has, whatever its value is", () => {
  assert.deepEqual(envAfter(undefined, { name: "A", value: "1" }), [{ name: "A", value: "1" }]);
  for (const present of [{ name: "A", value: "" }, { name: "A", ...field("metadata.name") }]) {
    assert.deepEqual(envAfter([present], { name: "A", value: "1", patchPolicy: "Retain" }), [
      present,
    ]);
  }
});

Deno.test("Overwrite replaces a variable in its place, and its source", () => {
  const present = [{ name: "A", ...field("metadata.name") }, { name: "B", value: "$(A)" }];
  assert.deepEqual(envAfter(present, { name: "A", value: "1", patchPolicy: "Overwrite" }), [
    { name: "A", value: "1" },
    { name: "B", value: "$(A)" },
  ]);
});

Deno.test("Append adds its text behind the separator once, or the variable", () => {
  assert.deepEqual(envAfter(undefined, agent), [{ name: OPTIONS, value: "-javaagent:/a.jar" }]);
  assert.deepEqual(envAfter([{ name: OPTIONS, value: "-Xmx1g" }], agent), [
    { name: OPTIONS, value: "-Xmx1g -javaagent:/a.jar" },
  ]);
  for (const value of ["-javaagent:/a.jar", "-Xmx1g -javaagent:/a.jar -Xss1m"]) {
    assert.deepEqual(envAfter([{ name: OPTIONS, value }], agent), [{ name: OPTIONS, value }]);
  }
  assert.deepEqual(envAfter([{ name: OPTIONS, value: "-javaagent:/a.jar=x" }], agent), [
    { name: OPTIONS, value: "-javaagent:/a.jar=x -javaagent:/a.jar" },
  ]);
  const path: PatchedVariable = {
    name: "PATH",
    value: "/b",
    patchPolicy: "Append",
    separator: ":",
  };
  assert.deepEqual(envAfter([{ name: "PATH", value: "/a" }], path), [
    { name: "PATH", value: "/a:/b" },
  ]);
});

Deno.test("Append to the last of several variables of one name, which the kubelet takes", () => {
  const present = [{ name: OPTIONS, value: "first" }, { name: OPTIONS, value: "last" }];
  assert.deepEqual(envAfter(present, agent), [
    { name: OPTIONS, value: "first" },
    { name: OPTIONS, value: "last -javaagent:/a.jar" },
  ]);
});

Deno.test("Append to a value from a source is a conflict, and failurePolicy decides", () => {
  const pod = podWith({ containers: [own("main", { env: [{ name: OPTIONS, ...field("x") }] })] });
  const result = run(pod, patching([{ env: [agent] }]));
  assert.deepEqual(result.skipped, ["java EnvConflict"]);
  assert.match(
    result.messages[0] ?? "",
    /^spec\.patchContainers\[0\]\.env\[0\]: in container main .*: use patchPolicy Retain or Overwrite$/,
  );
  assert.deepEqual(result.patch, []);
  const failing = patching([{ env: [agent] }], { failurePolicy: "Fail" });
  assert.equal(inject(requestFor(pod, [failing])).skipped[0]?.refuses, true);
});

Deno.test("a variable is added before the first one that references it", () => {
  assert.deepEqual(
    envAfter([{ name: "URL", value: "http://$(HOST)" }], { name: "HOST", value: "h" }),
    [{ name: "HOST", value: "h" }, { name: "URL", value: "http://$(HOST)" }],
  );
});

Deno.test("two SidecarSets append to one variable, and do not overwrite each other's", () => {
  const first = patching([{ env: [{ ...agent, value: "-a" }] }], { name: "a" });
  const second = patching([{ env: [{ ...agent, value: "-b" }] }], { name: "b" });
  const { pod } = run(podWith(), first, second);
  assert.deepEqual(containerOf(pod, "main")?.env, [{ name: OPTIONS, value: "-a -b" }]);
  const overwriting = patching([{
    env: [{ name: OPTIONS, value: "-b", patchPolicy: "Overwrite" }],
  }], { name: "b" });
  assert.deepEqual(run(podWith(), first, overwriting).skipped, ["b EnvConflict"]);
});

Deno.test("envFrom comes before the container's own sources, which take precedence, and once", () => {
  const sources = [{ configMapRef: { name: "ours" } }, { prefix: "X_", secretRef: { name: "s" } }];
  const pod = podWith({
    containers: [own("main", { envFrom: [{ configMapRef: { name: "own" } }] })],
  });
  const { pod: created } = run(pod, patching([{ envFrom: sources }]));
  const expected = [...sources, { configMapRef: { name: "own" } }];
  assert.deepEqual(containerOf(created, "main")?.envFrom, expected);
  const again = podWith({ containers: [own("main", { envFrom: expected })] });
  assert.deepEqual(
    containerOf(run(again, patching([{ envFrom: sources }])).pod, "main")?.envFrom,
    expected,
  );
});

const shared: SidecarSetSpec = {
  volumes: [{ name: "agent", emptyDir: {} }, { name: "unused", emptyDir: {} }],
};
const mount = { name: "agent", mountPath: "/agent" };

Deno.test("a mount brings the volume that only it refers to, and no other", () => {
  const { pod } = run(podWith(), patching([{ volumeMounts: [mount] }], shared));
  assert.deepEqual(containerOf(pod, "main")?.volumeMounts, [mount]);
  assert.deepEqual(pod.spec.volumes, [{ name: "agent", emptyDir: {} }]);
});

Deno.test("without a container to patch no volume is added, and the Pod's creator is warned", () => {
  const set = patching([{ names: ["other"], volumeMounts: [mount] }], shared);
  const { pod, injected, caveats } = run(podWith(), set);
  assert.deepEqual(injected, ["java"]);
  assert.equal(pod.spec.volumes, undefined);
  assert.deepEqual(caveats, [
    "fix the names of spec.patchContainers[0]: the Pod has no container that they match",
  ]);
});

Deno.test("a mount path that is taken is a conflict; the same volume at it is none", () => {
  const taking = (mounts: Partial<Container>) => podWith({ containers: [own("main", mounts)] });
  const set = patching([{ volumeMounts: [mount] }], shared);
  const other = { volumeMounts: [{ name: "data", mountPath: "/agent" }] };
  assert.deepEqual(run(taking(other), set).skipped, ["java VolumeConflict"]);
  const device = { volumeDevices: [{ name: "data", devicePath: "/agent" }] };
  assert.deepEqual(run(taking(device), set).skipped, ["java VolumeConflict"]);
  const asDevice = { volumeDevices: [{ name: "agent", devicePath: "/dev/x" }] };
  assert.deepEqual(run(taking(asDevice), set).skipped, ["java VolumeConflict"]);
  const same = { volumeMounts: [{ ...mount, readOnly: true }] };
  assert.deepEqual(containerOf(run(taking(same), set).pod, "main")?.volumeMounts, [
    { ...mount, readOnly: true },
  ]);
});

Deno.test("a mount needs the variables of its subPathExpr in the container", () => {
  const set = (env: PatchedVariable[]) =>
    patching([{ volumeMounts: [{ ...mount, subPathExpr: "$(POD)" }], env }], shared);
  assert.deepEqual(run(podWith(), set([])).skipped, ["java VolumeConflict"]);
  const named = { name: "POD", ...field("metadata.name") };
  assert.deepEqual(run(podWith(), set([named])).skipped, []);
});

Deno.test("names, nameRegex or neither choose the Pod's own containers, and only names init containers", () => {
  const pod = podWith({
    initContainers: [own("setup"), own("migrate")],
    containers: [own("web"), own("web-cache"), own("db")],
  });
  const patchedBy = (targets: PatchContainers) => {
    const set = patching([{ ...targets, env: [{ name: "A", value: "1" }] }], {
      containers: [{ name: "web-proxy", image: "p:1" }],
    });
    const { initContainers = [], containers } = run(pod, set).pod.spec;
    return [...initContainers, ...containers]
      .filter(({ env }) => env?.some(({ name }) => name === "A")).map(({ name }) => name);
  };
  assert.deepEqual(patchedBy({}), ["web", "web-cache", "db"]);
  assert.deepEqual(patchedBy({ nameRegex: "^web" }), ["web", "web-cache"]);
  assert.deepEqual(patchedBy({ names: ["setup", "db"] }), ["setup", "db"]);
});

Deno.test("sidecars of other SidecarSets, and a container that is replaced, are not patched", () => {
  const pod = podWith({ containers: [own("main"), own("log")] });
  const others = [
    prepared("a", { containers: [{ name: "before", image: "x:1" }] }),
    prepared("b", { containers: [{ name: "log", image: "x:1" }], conflictPolicy: "Replace" }),
    patching([{ env: [{ name: "A", value: "1" }] }], { name: "c" }),
    prepared("z", { containers: [{ name: "behind", image: "x:1" }] }),
  ];
  const { pod: created } = run(pod, ...others);
  const marked = created.spec.containers.filter(({ env }) => env?.some(({ name }) => name === "A"));
  assert.deepEqual(marked.map(({ name }) => name), ["main"]);
});

Deno.test("sidecars share no mount and transfer no variable that a patch has added", () => {
  const set = patching([{ volumeMounts: [mount], env: [{ name: "A", value: "1" }] }], {
    ...shared,
    containers: [{
      name: "log",
      image: "log:1",
      shareVolumePolicy: { type: "enabled" },
      transferEnv: [{ sourceContainerName: "main", envName: "A" }],
    }],
  });
  const { pod } = run(podWith(), set);
  const log = containerOf(pod, "log");
  assert.deepEqual([log?.volumeMounts, log?.env], [undefined, [
    { name: "IS_INJECTED", value: "true" },
  ]]);
  assert.deepEqual(run(pod, set).patch, []);
});

Deno.test("a second call keeps what another webhook changed, and patches a container that it added", () => {
  const set = patching([{
    env: [{ name: "A", value: "ours", patchPolicy: "Overwrite" }, agent],
    volumeMounts: [mount],
  }], shared);
  const { pod } = run(
    podWith({ containers: [own("main", { env: [{ name: "A", value: "0" }] })] }),
    set,
  );
  const changed = {
    ...pod,
    spec: {
      ...pod.spec,
      containers: [
        ...pod.spec.containers.map((each) => ({
          ...each,
          env: each.env?.map((variable) =>
            variable.name === "A" ? { name: "A", value: "theirs" } : variable
          ),
        })),
        own("added"),
      ],
    },
  };
  const { pod: second } = run(changed, set);
  assert.deepEqual(containerOf(second, "main"), containerOf(changed, "main"));
  assert.deepEqual(containerOf(second, "added"), {
    ...own("added"),
    env: [{ name: "A", value: "ours" }, { name: OPTIONS, value: "-javaagent:/a.jar" }],
    volumeMounts: [mount],
  });
  assert.deepEqual(run(second, set).patch, []);
});

Deno.test("unknown fields of a container, and of its lists, stay as they are", () => {
  const main = {
    ...own("main"),
    futureField: { a: 1 },
    env: [{ name: OPTIONS, value: "x", future: true }],
    volumeMounts: [{ name: "data", mountPath: "/data", future: [1] }],
  };
  const pod = podWith({ containers: [main], volumes: [{ name: "data" }] });
  const { patch, pod: created } = run(
    pod,
    patching([{ env: [agent], volumeMounts: [mount] }], shared),
  );
  assert.deepEqual(containerOf(created, "main"), {
    ...main,
    env: [{ name: OPTIONS, value: "x -javaagent:/a.jar", future: true }],
    volumeMounts: [...main.volumeMounts, mount],
  });
  assert.equal(patch.some(({ path }) => path === "/spec/containers/0"), false);
});

Deno.test("a patch leaves a variable to a later patch that overwrites it, so that both calls agree", () => {
  const set = patching([
    { nameRegex: "^main", env: [agent] },
    { env: [{ name: OPTIONS, value: "x", patchPolicy: "Overwrite" }] },
  ]);
  for (const env of [undefined, [{ name: OPTIONS, value: "-Xmx1g" }]]) {
    const given = podWith({ containers: [own("main", env ? { env } : {})] });
    const { pod } = run(given, set);
    assert.deepEqual(containerOf(pod, "main")?.env, [{ name: OPTIONS, value: "x" }]);
    assert.deepEqual(run(pod, set).patch, []);
    assert.deepEqual(containerOf(asRecreated(pod), "main")?.env, env);
  }
});

Deno.test("a mount that a sidecar shares brings no volume of a patch without a container, in no call", () => {
  const set = patching([{ nameRegex: "^none", volumeMounts: [mount] }], {
    containers: [{ name: "agent", image: "agent:1", shareVolumePolicy: { type: "enabled" } }],
    volumes: [{ name: mount.name, emptyDir: {} }],
  });
  const { pod } = run(podWith({ containers: [own("main", { volumeMounts: [mount] })] }), set);
  assert.deepEqual(containerOf(pod, "agent")?.volumeMounts, [mount]);
  assert.equal(pod.spec.volumes, undefined);
  assert.deepEqual(run(pod, set).patch, []);
});

Deno.test("a SidecarSet without patches writes no record", () => {
  const { pod } = run(podWith(), prepared("plain", { containers: [{ name: "a", image: "a:1" }] }));
  assert.deepEqual([...podPatches(pod)], []);
});

Deno.test("asRecreated() gives the containers back what patches have changed", () => {
  const spec: Partial<PodSpec> = {
    initContainers: [own("setup", { env: [{ name: "A", value: "0" }] })],
    containers: [
      own("main", {
        env: [{ name: OPTIONS, value: "-Xmx1g" }, { name: "B", ...field("metadata.name") }],
        volumeMounts: [{ name: "data", mountPath: "/data" }],
        envFrom: [{ secretRef: { name: "own" } }],
      }),
      own("bare"),
    ],
    volumes: [{ name: "data", emptyDir: {} }],
  };
  const first = patching([
    { env: [agent, { name: "B", value: "1", patchPolicy: "Overwrite" }], volumeMounts: [mount] },
    { names: ["setup"], env: [{ name: "A", value: "1", patchPolicy: "Overwrite" }] },
  ], { ...shared, name: "a" });
  const second = patching([{
    env: [{ ...agent, value: "-b" }],
    envFrom: [{ configMapRef: { name: "c" } }],
  }], {
    name: "b",
  });
  const { pod, injected } = run(podWith(spec), first, second);
  assert.deepEqual(injected, ["a", "b"]);
  assert.equal(containerOf(pod, "main")?.env?.[0]?.value, "-Xmx1g -javaagent:/a.jar -b");
  assert.deepEqual(asRecreated(pod).spec, spec);
});
