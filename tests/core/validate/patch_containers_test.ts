import type { PatchContainers } from "../../../lib/api/patch_containers.ts";
import { type Changes, testCases } from "./fixtures.ts";

const PATH = "spec.patchContainers[0]";

function patching(patch: PatchContainers | Record<string, unknown>): Changes {
  return {
    "spec/volumes": [{ name: "agent", emptyDir: {} }],
    "spec/patchContainers": [patch],
  };
}

const env = [{ name: "A", value: "1" }];

testCases([
  [
    "allows patches of all kinds",
    patching({
      names: ["web", "setup"],
      env: [
        ...env,
        { name: "B", value: "x", patchPolicy: "Append", separator: ":" },
        { name: "C", value: "", patchPolicy: "Overwrite" },
        { name: "D", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ],
      envFrom: [{ prefix: "P_", secretRef: { name: "s" } }],
      volumeMounts: [{ name: "agent", mountPath: "/agent", readOnly: true }],
    }),
    [],
  ],
  ["allows a patch of all containers", patching({ env }), []],
  ["refuses names next to nameRegex", patching({ names: ["web"], nameRegex: "w", env }), [
    `Forbidden ${PATH}.nameRegex`,
  ]],
  ["refuses an empty list of names", patching({ names: [], env }), [`Required ${PATH}.names`]],
  [
    "refuses names that are none, that are listed twice, and those of sidecars",
    patching({ names: ["Web", "web", "web", "agent"], env }),
    [`Invalid ${PATH}.names[0]`, `Duplicate ${PATH}.names[2]`, `Invalid ${PATH}.names[3]`],
  ],
  ["refuses a regular expression that RE2 does not know", patching({ nameRegex: "(?=x)", env }), [
    `Invalid ${PATH}.nameRegex`,
  ]],
  ["refuses a patch that changes nothing", patching({ names: ["web"] }), [`Required ${PATH}.env`]],
  [
    "refuses a policy that is none",
    patching({ env: [{ name: "A", value: "1", patchPolicy: "Merge" }] }),
    [`NotSupported ${PATH}.env[0].patchPolicy`],
  ],
  [
    "refuses to append from a source, or nothing",
    patching({
      env: [
        {
          name: "A",
          patchPolicy: "Append",
          valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
        },
        { name: "B", patchPolicy: "Append" },
      ],
    }),
    [`Forbidden ${PATH}.env[0].valueFrom`, `Required ${PATH}.env[1].value`],
  ],
  [
    "refuses a separator without Append, and an empty one",
    patching({
      env: [
        { name: "A", value: "1", separator: ":" },
        { name: "B", value: "1", patchPolicy: "Append", separator: "" },
      ],
    }),
    [`Forbidden ${PATH}.env[0].separator`, `Invalid ${PATH}.env[1].separator`],
  ],
  [
    "refuses a variable that is set twice, and those that SidecarSet reads",
    patching({
      env: [
        ...env,
        ...env,
        { name: "IS_INJECTED", value: "true" },
        { name: "KRUISE_TERMINATE_SIDECAR_WHEN_JOB_EXIT", value: "true" },
      ],
    }),
    [
      `Duplicate ${PATH}.env[1].name`,
      `Forbidden ${PATH}.env[2].name`,
      `Forbidden ${PATH}.env[3].name`,
    ],
  ],
  [
    "refuses what the API server refuses in a container",
    patching({
      env: [{ name: "A=B", value: "1" }, { name: "C", value: "1", valueFrom: {} }],
      envFrom: [{ prefix: "P_" }],
      volumeMounts: [
        { name: "agent", mountPath: "/a" },
        { name: "agent", mountPath: "/a" },
        { name: "agent", mountPath: "/b", mountPropagation: "Bidirectional" },
      ],
    }),
    [
      `Invalid ${PATH}.env[0].name`,
      `Invalid ${PATH}.env[1].valueFrom`,
      `Invalid ${PATH}.envFrom[0]`,
      `Invalid ${PATH}.volumeMounts[1].mountPath`,
      `Forbidden ${PATH}.volumeMounts[2].mountPropagation`,
    ],
  ],
  [
    "refuses a mount of a volume that spec.volumes lacks",
    patching({ volumeMounts: [{ name: "data", mountPath: "/data" }] }),
    [`NotFound ${PATH}.volumeMounts[0].name`],
  ],
  ["refuses more patches than the CustomResourceDefinition", {
    "spec/patchContainers": Array.from({ length: 101 }, () => ({ env })),
  }, ["TooLong spec.patchContainers"]],
]);
