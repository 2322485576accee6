import assert from "node:assert/strict";
import type { RestClient } from "../../../lib/kube/contract.ts";
import { ConnectionError } from "../../../lib/kube/errors.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { RecordingClient } from "../../support/recording_client.ts";
import { runCli } from "../string_terminal.ts";

interface Step {
  updated?: number;
  reason?: string;
  message?: string;
}

function objectAt({ updated = 2, reason = "RollingOut", message = "going on" }: Step): object {
  const status = {
    observedGeneration: 1,
    matchedPods: 2,
    updatedPods: updated,
    updatedReadyPods: updated,
    readyPods: 2,
    conditions: [{
      type: "Progressing" as const,
      status: "True" as const,
      reason,
      message,
      lastTransitionTime: "2026-01-01T00:00:00Z",
    }],
  };
  const { sidecarSet } = sidecarSetOf({ status });
  return { ...sidecarSet, apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet" };
}

/** A cluster whose one SidecarSet takes a step with each read; an error is thrown instead. The last step stays. */
function clusterOfSteps(...steps: (Step | Error)[]): RestClient {
  let next = 0;
  return new RecordingClient(() => {
    const step = steps[Math.min(next++, steps.length - 1)] ?? {};
    if (step instanceof Error) return Promise.reject(step);
    return { metadata: { resourceVersion: "1" }, items: [objectAt(step)] };
  });
}

const away = new ConnectionError({ method: "GET", path: "/", problem: "connection refused" });
const done = { updated: 2, reason: "UpToDate", message: "all of them" };
const OUTCOME = "The roll-out of web has ended (UpToDate):\n  all of them\n";

Deno.test("status --watch draws bars over each other on a terminal", async () => {
  const client = clusterOfSteps({ updated: 0 }, { updated: 1 }, { updated: 1 }, done);
  const { status, output, errors } = await runCli(["status", "-w"], { client, interactive: true });
  assert.equal(status, 0);
  assert.equal(output, OUTCOME);
  assert.equal(
    errors,
    "web [>-----------------------] 0/2 updated, 2 ready  RollingOut\n" +
      "\x1b[1A\x1b[0Jweb [============>-----------] 1/2 updated, 2 ready  RollingOut\n" +
      "\x1b[1A\x1b[0Jweb [========================] 2/2 updated, 2 ready  UpToDate\n",
  );
});

Deno.test("status --watch prints a line for each step without a terminal", async () => {
  const client = clusterOfSteps(
    { updated: 0 },
    { updated: 1, message: "first" },
    { updated: 1, message: "second" },
    done,
  );
  const { output, errors } = await runCli(["status", "-w"], { client });
  assert.equal(
    output,
    `web: 0 of 2 Pods are updated\nweb: 1 of 2 Pods are updated\n${OUTCOME}`,
  );
  assert.equal(errors, "");
});

Deno.test("status --watch says once what holds up a step that lasts", async () => {
  const client = clusterOfSteps({ updated: 1, reason: "WaitingForAvailability" });
  const { status, output, errors } = await runCli(["status", "-w", "--timeout", "60"], { client });
  assert.equal(status, 3);
  assert.equal(
    output,
    "web: 1 of 2 Pods are updated\n" +
      "The roll-out of web is waiting (WaitingForAvailability):\n  going on\n",
  );
  assert.equal(
    errors,
    "The roll-out of web has not ended in time (WaitingForAvailability):\n  going on\n" +
      "Continue with: sidecarset status web --watch\n",
  );
});

Deno.test("status --watch prints the SidecarSets once as data, and the steps on standard error", async () => {
  const client = clusterOfSteps({ updated: 1 }, done);
  const json = await runCli(["status", "-w", "-o", "json"], { client });
  assert.equal(json.errors, `web: 1 of 2 Pods are updated\n${OUTCOME}`);
  assert.deepEqual(JSON.parse(json.output), {
    apiVersion: "v1",
    kind: "List",
    items: [JSON.parse(JSON.stringify(objectAt(done)))],
  });
  const yaml = await runCli(["status", "-w", "-o", "yaml"], { client: clusterOfSteps(done) });
  assert.match(yaml.output, /^apiVersion: v1\nkind: List\n/);
});

Deno.test("status --watch ends with 130 after Ctrl-C, and leaves the last bar where it is", async () => {
  const client = clusterOfSteps({ updated: 1 });
  const onSleep = () => {
    throw new Error("Ctrl-C");
  };
  const options = { client, interactive: true, onSleep };
  const { status, output, errors } = await runCli(["status", "-w"], options);
  assert.equal(status, 130);
  assert.equal(output, "");
  assert.equal(errors, "web [============>-----------] 1/2 updated, 2 ready  RollingOut\n");
});

Deno.test("status --watch ends when its output is closed", async () => {
  const client = clusterOfSteps({ updated: 0 }, { updated: 1 });
  const { status, output } = await runCli(["status", "-w"], { client, readsOnce: true });
  assert.equal(status, 130);
  assert.equal(output, "web: 0 of 2 Pods are updated\n");
});

Deno.test("status --watch goes on while the API server is away for less than a minute", async () => {
  const client = clusterOfSteps({ updated: 1 }, ...Array(100).fill(away), done);
  const { status, output } = await runCli(["status", "-w"], { client });
  assert.equal(status, 0);
  assert.match(output, /^web: 1 of 2 Pods are updated\n/);
  assert.ok(output.endsWith(OUTCOME));
});

Deno.test("status --watch fails if the API server stays unreachable, or has never answered", async () => {
  for (const steps of [[{ updated: 1 }, away], [away]]) {
    const { status, errors } = await runCli(["status", "-w"], { client: clusterOfSteps(...steps) });
    assert.equal(status, 2);
    assert.match(errors, /connection refused\. Check that the cluster is running/);
  }
});

Deno.test("status --watch says that there is nothing to follow", async () => {
  const client = new RecordingClient(() => ({ metadata: {}, items: [] }));
  const { status, errors } = await runCli(["status", "-w"], { client });
  assert.equal(status, 0);
  assert.match(errors, /^No SidecarSets found\. /);
});
