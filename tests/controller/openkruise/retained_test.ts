import assert from "node:assert/strict";
import { createRetained } from "../../../lib/controller/openkruise/retained.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { quietLogger } from "../../support/quiet_logger.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const revision = { metadata: { name: "web-1", namespace: "kruise-system" }, revision: 1 };

/** What OpenKruise has left, in a cluster that answers as `state` says. */
function setUp(state: { isThere: boolean; isAllowed: boolean }) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const client = new RecordingClient(({ path }) => {
    if (path === "/api/v1/namespaces/kruise-system") {
      return state.isThere ? { metadata: { name: "kruise-system" } } : { httpCode: 404 };
    }
    if (!state.isAllowed) return { httpCode: 403 };
    return path.endsWith("/controllerrevisions")
      ? { metadata: {}, items: [revision] }
      : { metadata: {}, data: { SidecarSet_PatchPodMetadata_WhiteList: "rules" } };
  });
  const retained = createRetained({
    client,
    namespace: "kruise-system",
    clock,
    logger: {
      ...quietLogger,
      warn: (message, fields) => warnings.push(`${message} ${fields?.remedy}`),
    },
  });
  return { retained, clock, warnings, client };
}

const never = new AbortController().signal;

Deno.test("createRetained() is nothing, and nothing is asked for, where OpenKruise's namespace is not", async () => {
  const { retained, client, warnings } = setUp({ isThere: false, isAllowed: false });
  await retained.read(never);
  assert.deepEqual(await retained.revisions(never), []);
  assert.deepEqual(warnings, []);
  assert.equal(client.requests.length, 1);
});

Deno.test("createRetained() is unknown while reading is forbidden, logs that once, and then reads", async () => {
  const state = { isThere: true, isAllowed: false };
  const { retained, clock, warnings } = setUp(state);
  const reading = retained.read(never);
  await clock.advance(60_000);
  assert.equal(await retained.revisions(never), undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /sidecarset manifests --openkruise/);
  state.isAllowed = true;
  await clock.advance(60_000);
  assert.equal(await reading, true, "it was forbidden at first");
  assert.deepEqual((await retained.revisions(never))?.map(({ metadata }) => metadata.name), [
    "web-1",
  ]);
  assert.equal(retained.allowList(), "rules");
});
