import assert from "node:assert/strict";
import { createLegacy } from "../../../lib/controller/openkruise/retained.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { quietLogger } from "../../support/quiet_logger.ts";
import { RecordingClient } from "../../support/recording_client.ts";

const revision = { metadata: { name: "web-1", namespace: "kruise-system" }, revision: 1 };

/** What OpenKruise has left, in a cluster that answers as `state` says. */
function setUp(state: { isThere: boolean; isAllowed: boolean }) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const told = { readable: 0 };
  const client = new RecordingClient(({ path }) => {
    if (path === "/api/v1/namespaces/kruise-system") {
      return state.isThere ? { metadata: { name: "kruise-system" } } : { httpCode: 404 };
    }
    if (!state.isAllowed) return { httpCode: 403 };
    return path.endsWith("/controllerrevisions")
      ? { metadata: {}, items: [revision] }
      : { metadata: {}, data: { SidecarSet_PatchPodMetadata_WhiteList: "rules" } };
  });
  const legacy = createLegacy({
    client,
    namespace: "kruise-system",
    clock,
    logger: {
      ...quietLogger,
      warn: (message, fields) => warnings.push(`${message} ${fields?.remedy}`),
    },
    onReadable: () => told.readable++,
  });
  return { legacy, clock, warnings, told, client };
}

const never = new AbortController().signal;

Deno.test("Legacy is nothing, and nothing is asked for, where OpenKruise's namespace is not", async () => {
  const { legacy, client, warnings } = setUp({ isThere: false, isAllowed: false });
  await legacy.read(never);
  assert.deepEqual(await legacy.revisions(never), []);
  assert.deepEqual(warnings, []);
  assert.equal(client.requests.length, 1);
});

Deno.test("Legacy that may not be read is unknown, says so once with the remedy, and is read once it may be", async () => {
  const state = { isThere: true, isAllowed: false };
  const { legacy, clock, warnings, told } = setUp(state);
  const reading = legacy.read(never);
  await clock.advance(60_000);
  assert.equal(await legacy.revisions(never), undefined);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? "", /sidecarset manifests --openkruise/);
  assert.equal(told.readable, 0);
  state.isAllowed = true;
  await clock.advance(60_000);
  await reading;
  assert.deepEqual((await legacy.revisions(never))?.map(({ metadata }) => metadata.name), [
    "web-1",
  ]);
  assert.equal(legacy.allowList(), "rules");
  assert.equal(told.readable, 1);
});
