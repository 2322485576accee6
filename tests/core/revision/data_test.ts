import assert from "node:assert/strict";
import * as fc from "fast-check";
import { revisionData, revisionHash } from "../../../lib/core/revision/data.ts";
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
