import assert from "node:assert/strict";
import type { PatchContainers } from "../../../lib/api/patch_containers.ts";
import {
  type Changes,
  problemsOf,
  testCases,
  validContainer,
  validObject,
  validSidecarSet,
} from "./fixtures.ts";

const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "registry.test/empty:1" };

function other(changes: Changes = {}) {
  return { others: [validSidecarSet({ "metadata/name": "other", ...changes })] };
}

function annotating(patchPolicy: string): Changes {
  return { "spec/patchPodMetadata": [{ annotations: { a: "{}" }, patchPolicy }] };
}

function patching(patch: PatchContainers): Changes {
  return { "spec/patchContainers": [patch] };
}

function labelling(patchPolicy: string): Changes {
  return { "spec/patchPodMetadata": [{ labels: { a: "1" }, patchPolicy }] };
}

const ownName = { "spec/containers/0/name": "unrelated" };

testCases([
  ["refuses the container name of another SidecarSet for the same Pods", {}, [
    "Invalid spec.containers[0].name",
  ], other()],
  [
    "allows the container name of a SidecarSet for other Pods",
    {},
    [],
    other({
      "spec/selector/matchLabels/app": "db",
    }),
  ],
  [
    "allows the container name of a SidecarSet for another namespace",
    {
      "spec/namespace": "one",
    },
    [],
    other({ "spec/namespace": "two" }),
  ],
  ["refuses the container name of a SidecarSet whose selector may hold too", {}, [
    "Invalid spec.containers[0].name",
  ], other({ "spec/selector": { matchExpressions: [{ key: "tier", operator: "Exists" }] } })],
  ["refuses a container's name as an init container of another SidecarSet", {}, [
    "Invalid spec.containers[0].name",
  ], other({ ...ownName, "spec/initContainers": [validContainer()] })],
  [
    "refuses a name that a hot upgrade of another SidecarSet makes",
    {
      "spec/containers/0/name": "agent-1",
    },
    ["Invalid spec.containers[0].name"],
    other({ "spec/containers/0/upgradeStrategy": hot }),
  ],
  [
    "refuses a hot upgrade that makes a name of another SidecarSet",
    {
      "spec/containers/0/upgradeStrategy": hot,
    },
    ["Invalid spec.containers[0].name"],
    other({ "spec/containers/0/name": "agent-2" }),
  ],
  [
    "refuses a hot upgrade of another SidecarSet's container",
    {
      "spec/containers/0/upgradeStrategy": hot,
    },
    ["Invalid spec.containers[0].name"],
    other(),
  ],

  [
    "allows the same volume in two SidecarSets",
    {
      "spec/volumes": [{ name: "v", emptyDir: { medium: "", sizeLimit: "1Gi" } }],
    },
    [],
    other({
      ...ownName,
      "spec/volumes": [{ emptyDir: { sizeLimit: "1Gi", medium: "" }, name: "v" }],
    }),
  ],
  [
    "refuses another volume of the same name",
    {
      "spec/volumes": [{ name: "v", emptyDir: {} }],
    },
    ["Invalid spec.volumes[0]"],
    other({
      ...ownName,
      "spec/volumes": [{ name: "v", hostPath: { path: "/v" } }],
    }),
  ],

  [
    "refuses to overwrite a variable that another SidecarSet sets in the same containers",
    patching({ env: [{ name: "A", value: "1", patchPolicy: "Overwrite" }] }),
    ["Invalid spec.patchContainers[0].env[0]"],
    other({ ...ownName, ...patching({ names: ["web"], env: [{ name: "A", value: "2" }] }) }),
  ],
  [
    "allows to append what another SidecarSet appends",
    patching({ env: [{ name: "A", value: "1", patchPolicy: "Append" }] }),
    [],
    other({ ...ownName, ...patching({ env: [{ name: "A", value: "2", patchPolicy: "Append" }] }) }),
  ],
  [
    "allows to overwrite a variable of other containers",
    patching({ names: ["db"], env: [{ name: "A", value: "1", patchPolicy: "Overwrite" }] }),
    [],
    other({ ...ownName, ...patching({ nameRegex: "^web", env: [{ name: "A", value: "2" }] }) }),
  ],
  [
    "refuses a mount path at which another SidecarSet mounts another volume",
    {
      ...patching({ volumeMounts: [{ name: "v", mountPath: "/agent" }] }),
      "spec/volumes": [{ name: "v", emptyDir: {} }],
    },
    ["Invalid spec.patchContainers[0].volumeMounts[0].mountPath"],
    other({
      ...ownName,
      ...patching({ volumeMounts: [{ name: "w", mountPath: "/agent" }] }),
      "spec/volumes": [{ name: "w", emptyDir: {} }],
    }),
  ],
  ["refuses a label that two SidecarSets overwrite", labelling("Overwrite"), [
    "Invalid spec.patchPodMetadata[0].labels[a]",
  ], other({ ...ownName, ...labelling("Overwrite") })],
  [
    "allows to retain a label that another SidecarSet overwrites, and an annotation of its key",
    labelling("Retain"),
    [],
    other({
      ...ownName,
      "spec/patchPodMetadata": [{
        labels: { a: "1" },
        annotations: { a: "1" },
        patchPolicy: "Overwrite",
      }],
    }),
  ],
  ["refuses an annotation that two SidecarSets overwrite", annotating("Overwrite"), [
    "Invalid spec.patchPodMetadata[0].annotations[a]",
  ], other({ ...ownName, ...annotating("Overwrite") })],
  ["refuses to overwrite what another SidecarSet merges", annotating("Overwrite"), [
    "Invalid spec.patchPodMetadata[0].annotations[a]",
  ], other({ ...ownName, ...annotating("MergePatchJson") })],
  [
    "allows two SidecarSets to merge an annotation",
    annotating("MergePatchJson"),
    [],
    other({ ...ownName, ...annotating("MergePatchJson") }),
  ],
  [
    "allows to retain what another SidecarSet overwrites",
    annotating("Retain"),
    [],
    other({ ...ownName, ...annotating("Overwrite") }),
  ],
]);

Deno.test("validateSidecarSet() names the other SidecarSet of a conflict and how to end it", () => {
  const [problem] = problemsOf(validObject(), other());
  assert.equal(
    problem?.message,
    "clashes with container agent of SidecarSet other, which can select the same Pods: " +
      "rename it or make the selectors disjoint",
  );
});

Deno.test("validateSidecarSet() names several others in the order of their names", () => {
  const named = (name: string) => validSidecarSet({ "metadata/name": name });
  const problems = problemsOf(validObject(), { others: ["c", "a", "b"].map(named) });
  const names = problems.map(({ message }) => /SidecarSet (\w)/.exec(message)?.[1]);
  assert.deepEqual(names, ["a", "b", "c"]);
});

Deno.test("validateSidecarSet() reads each of 10,000 other SidecarSets a few times only", () => {
  let reads = 0;
  const others = Array.from({ length: 10_000 }, (_, i) => {
    const spec = { ...validSidecarSet().spec, selector: { matchLabels: { app: `app-${i}` } } };
    return {
      metadata: { name: `other-${i}` },
      get spec() {
        reads++;
        return spec;
      },
    };
  });
  assert.deepEqual(problemsOf(validObject(), { others }), []);
  assert.ok(reads <= 10 * others.length, `${reads} reads`);
});
