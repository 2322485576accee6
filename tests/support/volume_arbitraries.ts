import fc from "fast-check";
import { droppedOfEmptyDir } from "./newer_arbitraries.ts";
import { few, fieldRef, LONG, mostly, optional } from "./mostly_valid.ts";
import { newerProjection, newerSource } from "./newer_volume_arbitraries.ts";

const filePath = mostly(["file", "a/b.txt", ".hidden"], ["", "/etc/x", "../up", "a/../b", "..x"]);
const mode = mostly([0o644, 0o400, 0], [-1, 0o1000]);
const keyPaths = few(optional({ key: mostly(["k"], [""]), path: filePath, mode }, ["key", "path"]));
const downwardFile = optional({
  path: filePath,
  mode,
  fieldRef: fc.oneof(fc.constant({ fieldPath: "metadata.labels" }), fieldRef),
}, ["path", "fieldRef"]);

/** The source of a volume. */
export const volumeSource = fc.oneof(
  optional({ emptyDir: optional({ sizeLimit: mostly(["1Gi"], ["-1"]), ...droppedOfEmptyDir }) }, [
    "emptyDir",
  ]),
  fc.constant({}),
  optional({
    hostPath: optional({
      path: mostly(["/x"], ["", "/x/../y"]),
      type: mostly(["", "File"], ["file"]),
    }, ["path"]),
  }, ["hostPath"]),
  optional({
    secret: optional({ secretName: mostly(["s"], [""]), defaultMode: mode, items: keyPaths }, [
      "secretName",
    ]),
  }, ["secret"]),
  optional({
    configMap: optional({ name: mostly(["c"], [""]), defaultMode: mode, items: keyPaths }, [
      "name",
    ]),
  }, ["configMap"]),
  optional({ downwardAPI: optional({ defaultMode: mode, items: few(downwardFile) }) }, [
    "downwardAPI",
  ]),
  optional({
    projected: optional({
      defaultMode: mode,
      sources: few(fc.oneof(
        optional({ secret: optional({ name: mostly(["s"], [""]), items: keyPaths }, ["name"]) }, [
          "secret",
        ]),
        optional({
          serviceAccountToken: optional({
            path: filePath,
            expirationSeconds: mostly([600, 3600], [599, 2 ** 32 + 1]),
          }, ["path"]),
        }, ["serviceAccountToken"]),
        optional({ downwardAPI: optional({ items: few(downwardFile) }) }, ["downwardAPI"]),
        newerProjection,
      )),
    }),
  }, ["projected"]),
  optional({ csi: optional({ driver: mostly(["a.b"], ["", "a_b", LONG]) }, ["driver"]) }, ["csi"]),
  optional({
    image: optional({ reference: mostly(["x"], [""]), pullPolicy: mostly(["Always"], ["x"]) }, [
      "reference",
    ]),
  }, ["image"]),
  mostly<unknown>(
    [{ nfs: { server: "s", path: "/p" } }, {
      iscsi: { targetPortal: "t", iqn: "iqn.2001-04.a:b", lun: 1 },
    }],
    [
      { nfs: { server: "s", path: "p" } },
      { nfs: { server: "", path: "/p" } },
      { iscsi: { targetPortal: "t", iqn: "x", lun: 1 } },
      { emptyDir: {}, hostPath: { path: "/x" } },
      { gcePersistentDisk: { pdName: "", partition: 300 } },
      { persistentVolumeClaim: { claimName: "" } },
    ],
  ),
  newerSource,
);
