import assert from "node:assert/strict";
import { defaultVolume } from "../../../lib/core/defaults/volume.ts";

const items = [{ path: "p", fieldRef: { fieldPath: "metadata.name" } }];
const filledItems = [{ path: "p", fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } }];

const cases: readonly [given: object, expected: object][] = [
  [{}, { emptyDir: {} }],
  [{ hostPath: { path: "/x" } }, { hostPath: { path: "/x", type: "" } }],
  [{ secret: { secretName: "s" } }, { secret: { secretName: "s", defaultMode: 420 } }],
  [{ secret: { defaultMode: 0 } }, { secret: { defaultMode: 0 } }],
  [{ configMap: { name: "c" } }, { configMap: { name: "c", defaultMode: 420 } }],
  [{ downwardAPI: { items } }, { downwardAPI: { items: filledItems, defaultMode: 420 } }],
  [
    { projected: { sources: [{ serviceAccountToken: {} }, { downwardAPI: { items } }, {}] } },
    {
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: 3600 } },
          { downwardAPI: { items: filledItems } },
          {},
        ],
        defaultMode: 420,
      },
    },
  ],
  [{ persistentVolumeClaim: { claimName: "c" } }, { persistentVolumeClaim: { claimName: "c" } }],
  [{ newerThanThisProgram: {} }, { newerThanThisProgram: {} }],
];

for (const [given, expected] of cases) {
  Deno.test(`defaultVolume() makes of ${JSON.stringify(given)} what OpenKruise makes of it`, () => {
    assert.deepEqual(defaultVolume({ name: "v", ...given }), { name: "v", ...expected });
  });
}
