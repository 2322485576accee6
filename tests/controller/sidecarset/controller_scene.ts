import assert from "node:assert/strict";
import { isObject } from "../../../lib/api/json.ts";
import type { SidecarSetStatus } from "../../../lib/api/sidecarset_status.ts";
import type { Repair } from "../../../lib/controller/repair_backoff.ts";
import { createEngine, type EngineOptions } from "../../support/engine.ts";
import { ManualClock, settle } from "../../support/manual_clock.ts";
import { sidecarSetOf, type SidecarSetOptions } from "../../support/objects.ts";
import { type Recorded, RecordingClient, type Respond } from "../../support/recording_client.ts";

export const newer = { containers: [{ name: "agent", image: "agent:2" }] };

/** A controller over an index; writes are answered as an API server would, without changing the index. */
export function setUp(respond?: Respond, options: Pick<EngineOptions, "slices"> = {}) {
  const clock = new ManualClock(new Date("2026-02-01T00:00:00Z"));
  const client = new RecordingClient(respond);
  const inForceSince = "2026-01-31T00:00:00Z";
  const state = { leading: true, inForceSince, registeredSince: inForceSince };
  const repairs: Repair[] = [];
  const { index, controller, loop } = createEngine({
    ...options,
    client,
    clock,
    onRepair: (repair) => repairs.push(repair),
    isLeader: () => state.leading,
    registrationOf: () => ({
      inForceSince: state.inForceSince,
      registeredSince: state.registeredSince,
    }),
  });
  const reconcile = async (name = "web") => {
    const outcome = await loop.process(name, new AbortController().signal);
    await settle();
    return outcome;
  };
  const apply = (options: SidecarSetOptions) => index.applySidecarSet(sidecarSetOf(options));
  const lead = () => controller.resync();
  const run = (signal: AbortSignal) => controller.run(signal);
  return { clock, index, client, state, reconcile, apply, repairs, lead, run };
}

export function statusOf(request: Recorded | undefined): SidecarSetStatus {
  const body = request?.body;
  assert.ok(isObject(body) && isObject(body.status), "the request writes no status");
  return body.status;
}

export const paths = (requests: readonly Recorded[]) =>
  requests.map(({ method, path }) => `${method} ${path.split("/").slice(-2).join("/")}`);
