import assert from "node:assert/strict";
import * as fc from "fast-check";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { patchHashOf, revisionData, revisionHash } from "../../../lib/core/revision/data.ts";
import { hashSidecarSet } from "../../../lib/core/revision/hash.ts";
import { restorePrepared } from "../../../lib/core/revision/restore.ts";
import { reversed, sidecarSet } from "./arbitraries.ts";
import { meshSidecarSet } from "./fixtures.ts";

Deno.test("revisionData() holds what gets injected, with sorted keys and null for what is not there", () => {
  const { spec } = meshSidecarSet({
    initContainers: [],
    volumes: [{ name: "cache", emptyDir: { sizeLimit: "1024Mi", medium: "" } }],
    imagePullSecrets: [{ name: "" }],
    selector: { matchLabels: { app: "web" } },
  });
  assert.equal(
    revisionData(spec),
    '{"spec":{"$patch":"replace","containers":[{"image":"proxy:1","name":"proxy","resources":{},' +
      '"shareVolumePolicy":{},"upgradeStrategy":{}}],"imagePullSecrets":[{}],"initContainers":null,' +
      '"patchPodMetadata":null,"volumes":[{"emptyDir":{"sizeLimit":"1Gi"},"name":"cache"}]}}',
  );
});

Deno.test("revisionData() keeps fields that OpenKruise's types do not have", () => {
  const plain = revisionData(meshSidecarSet().spec);
  const container = { name: "proxy", image: "proxy:1" };
  const terminating = revisionData(
    meshSidecarSet({ containers: [{ ...container, completionPolicy: "TerminateWithMain" }] }).spec,
  );
  assert.notEqual(terminating, plain);
  assert.match(terminating, /"completionPolicy":"TerminateWithMain"/);
});

Deno.test("revisionData() does not depend on the order of members", () => {
  fc.assert(fc.property(sidecarSet, ({ spec }) => {
    assert.equal(revisionData(Object(reversed(spec))), revisionData(Object(spec)));
  }));
});

Deno.test("revisionHash() depends on the count of collisions", () => {
  const data = revisionData(meshSidecarSet().spec);
  assert.notEqual(revisionHash(data, 0), revisionHash(data, 1));
});

Deno.test("revisionData() has patchContainers where there are some, and OpenKruise's text otherwise", () => {
  const patchContainers = [{ env: [{ name: "A", value: "1" }] }];
  const plain = meshSidecarSet().spec;
  assert.match(
    revisionData({ ...plain, patchContainers }),
    /"initContainers":null,"patchContainers":\[\{"env":\[\{"name":"A","value":"1"\}\]\}\],"patchPod/,
  );
  assert.equal(revisionData({ ...plain, patchContainers: [] }), revisionData(plain));
});

Deno.test("revisionData() has the labels of patchPodMetadata behind OpenKruise's fields", () => {
  const patch = {
    labels: { b: "1", a: "2" },
    annotations: { x: "y" },
    patchPolicy: "Retain" as const,
  };
  assert.match(
    revisionData({ ...meshSidecarSet().spec, patchPodMetadata: [patch] }),
    /"patchPodMetadata":\[\{"annotations":\{"x":"y"\},"labels":\{"a":"2","b":"1"\},"patchPolicy":"Retain"\}\]/,
  );
});

Deno.test("patchContainers change the hash of patches, and none of OpenKruise's hashes", () => {
  const plain = meshSidecarSet().spec;
  const patching = (value: string) => ({
    ...plain,
    patchContainers: [{ env: [{ name: "A", value }] }],
  });
  assert.deepEqual(hashSidecarSet(patching("1")), hashSidecarSet(plain));
  assert.deepEqual(patchHashOf(plain), {});
  assert.notEqual(patchHashOf(patching("1")).patchHash, patchHashOf(patching("2")).patchHash);
});

Deno.test("a restored revision has its own patches, or none", () => {
  const patchContainers = [{ env: [{ name: "A", value: "1" }] }];
  const raw = (spec: Record<string, unknown>) => ({
    metadata: { name: "mesh" },
    spec: { ...meshSidecarSet().spec, ...spec },
  });
  const [plain, patching] = [raw({}), raw({ patchContainers })].map((each) => {
    const read = prepareSidecarSet(each);
    assert.ok(read.ok);
    return read.value;
  });
  assert.ok(plain && patching);
  const revisionOf = ({ sidecarSet }: PreparedSidecarSet) => ({
    metadata: { name: "mesh-1" },
    data: JSON.parse(revisionData(sidecarSet.spec)),
    revision: 1,
  });
  const older = restorePrepared(patching, revisionOf(plain));
  assert.ok(older.ok);
  assert.deepEqual([older.value.patchHash, older.value.sidecarSet.spec.patchContainers], [
    undefined,
    undefined,
  ]);
  const newer = restorePrepared(plain, revisionOf(patching));
  assert.ok(newer.ok);
  assert.equal(newer.value.patchHash, patching.patchHash);
  assert.deepEqual(newer.value.sidecarSet.spec.patchContainers, patchContainers);
});
