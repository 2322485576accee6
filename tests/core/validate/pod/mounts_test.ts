import { type Changes, testCases } from "../fixtures.ts";

const MOUNT = "spec.containers[0].volumeMounts";
const DEVICE = "spec.containers[0].volumeDevices";

function mounting(volumeMounts: unknown[], volumeDevices: unknown[] = []): Changes {
  return {
    "spec/containers/0/volumeMounts": volumeMounts,
    "spec/containers/0/volumeDevices": volumeDevices,
    "spec/volumes": [
      { name: "v", emptyDir: {} },
      { name: "claim", persistentVolumeClaim: { claimName: "c" } },
    ],
  };
}

function one(changes: Record<string, unknown>): Changes {
  return mounting([{ name: "v", mountPath: "/v", ...changes }]);
}

testCases([
  [
    "allows mounts and devices of its volumes",
    mounting([
      { name: "v", mountPath: "/a", subPath: "x/y" },
      { name: "v", mountPath: "/b", subPathExpr: "$(A)" },
    ], [{ name: "claim", devicePath: "/dev/x" }]),
    [],
  ],
  ["refuses a mount without a volume", one({ name: "w" }), [`NotFound ${MOUNT}[0].name`]],
  ["refuses a mount without a name and a path", mounting([{ name: "", mountPath: "" }]), [
    `Required ${MOUNT}[0].name`,
    `NotFound ${MOUNT}[0].name`,
    `Required ${MOUNT}[0].mountPath`,
  ]],
  [
    "refuses two mounts on one path",
    mounting([
      { name: "v", mountPath: "/v" },
      { name: "claim", mountPath: "/v" },
    ]),
    [`Invalid ${MOUNT}[1].mountPath`],
  ],
  [
    "refuses a mount and a device on one path",
    mounting([{ name: "v", mountPath: "/x" }], [
      { name: "claim", devicePath: "/x" },
    ]),
    [`Invalid ${MOUNT}[0].mountPath`, `Invalid ${DEVICE}[0].devicePath`],
  ],
  [
    "refuses a volume as mount and as device",
    mounting([{ name: "claim", mountPath: "/a" }], [
      { name: "claim", devicePath: "/b" },
    ]),
    [`Invalid ${MOUNT}[0].name`, `Invalid ${DEVICE}[0].name`],
  ],
  [
    "refuses sub-paths that leave the volume",
    mounting([
      { name: "v", mountPath: "/a", subPath: "../x" },
      { name: "v", mountPath: "/b", subPathExpr: "/x" },
    ]),
    [`Invalid ${MOUNT}[0].subPath`, `Invalid ${MOUNT}[1].subPathExpr`],
  ],
  ["refuses subPath together with subPathExpr", one({ subPath: "a", subPathExpr: "b" }), [
    `Invalid ${MOUNT}[0].subPathExpr`,
  ]],
  ["refuses a propagation that is none", one({ mountPropagation: "Both" }), [
    `NotSupported ${MOUNT}[0].mountPropagation`,
  ]],
  [
    "refuses to propagate mounts out of a container that is not privileged",
    one({
      mountPropagation: "Bidirectional",
    }),
    [`Forbidden ${MOUNT}[0].mountPropagation`],
  ],
  ["allows to propagate mounts out of a privileged container", {
    ...one({ mountPropagation: "Bidirectional" }),
    "spec/containers/0/securityContext": { privileged: true },
  }, []],
  [
    "allows recursively read-only mounts",
    one({ readOnly: true, recursiveReadOnly: "Enabled" }),
    [],
  ],
  [
    "refuses recursively read-only mounts that can be written",
    one({
      recursiveReadOnly: "IfPossible",
      mountPropagation: "HostToContainer",
    }),
    [`Forbidden ${MOUNT}[0].recursiveReadOnly`, `Forbidden ${MOUNT}[0].recursiveReadOnly`],
  ],
  ["refuses a device of a volume that has files", mounting([], [{ name: "v", devicePath: "/d" }]), [
    `Invalid ${DEVICE}[0].name`,
  ]],
  [
    "refuses devices twice, without a volume, or out of their directory",
    mounting([], [
      { name: "claim", devicePath: "/d" },
      { name: "claim", devicePath: "/d" },
      { name: "x", devicePath: "/a/../b" },
      { name: "", devicePath: "" },
    ]),
    [
      `Invalid ${DEVICE}[1].name`,
      `Invalid ${DEVICE}[1].devicePath`,
      `NotFound ${DEVICE}[2].name`,
      `Invalid ${DEVICE}[2].devicePath`,
      `NotFound ${DEVICE}[3].name`,
      `Required ${DEVICE}[3].name`,
      `Required ${DEVICE}[3].devicePath`,
    ],
  ],
]);
