import assert from "node:assert/strict";
import type { ControlPlane } from "./control_plane.ts";
import type { ControllerProcess } from "./controller_process.ts";
import { kubectlOutput, warningsOf } from "./kubectl.ts";
import { metricsOf } from "./metrics.ts";
import { createSidecarSet } from "./sidecarsets.ts";

/**
 * Applies Jobs and CronJobs. Those whose Pods would wait for a sidecar print a warning; no others are sent to the
 * webhook. The SidecarSet of `app=job` ends its sidecars.
 */
export async function assertWarnings(
  plane: ControlPlane,
  controller: ControllerProcess,
): Promise<void> {
  await kubectlOutput(["create", "namespace", "night"], plane);
  const waiting = (name: string) => ({ containers: [{ name, image: `${name}:1` }] });
  await createSidecarSet(plane, "waiting", {
    selector: { matchLabels: { app: "waits" } },
    ...waiting("waiting"),
  });
  await createSidecarSet(plane, "of-jobs", {
    namespace: "night",
    selector: { matchExpressions: [{ key: "batch.kubernetes.io/job-name", operator: "Exists" }] },
    ...waiting("of-jobs"),
  });
  await createSidecarSet(plane, "of-others", {
    namespace: "night",
    selector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["waits"] }] },
    ...waiting("of-others"),
  });

  const apply = async (object: object, namespace = "default") => {
    const args = ["apply", "--namespace", namespace, "-f", "-"];
    return await warningsOf(plane, args, JSON.stringify(object));
  };
  const text = (sidecarSet: string, effect: string) =>
    `set completionPolicy: TerminateWithMain on "${sidecarSet}" of SidecarSet ${sidecarSet}, ` +
    `or ${effect} only after it`;
  const ofJob = text("waiting", "the Job completes");
  const ofCronJob = text("waiting", "its Jobs complete");

  assert.deepEqual(await apply(suspendedJob("waits", { app: "waits" })), [ofJob]);
  for (const schedule of ["0 3 * * *", "0 4 * * *"]) {
    assert.deepEqual(await apply(suspendedCronJob("waits", { app: "waits", schedule })), [
      ofCronJob,
    ]);
  }
  const byHand = ["create", "job", "by-hand", "--from=cronjob/waits"];
  assert.deepEqual(await warningsOf(plane, byHand), [ofJob]);

  assert.equal(await reviews(controller), 4);
  const scheduled = {
    annotations: { "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:00:00Z" },
  };
  for (
    const object of [
      suspendedJob("ends", { app: "job" }),
      suspendedCronJob("ends", { app: "job" }),
      suspendedJob("selected-by-none", { app: "none" }),
      suspendedJob("unlabelled", {}),
      suspendedCronJob("unlabelled"),
      suspendedJob("of-cron", { app: "waits", ...scheduled }),
    ]
  ) assert.deepEqual(await apply(object), []);
  assert.equal(await reviews(controller), 4, "none of these is sent to the webhook");

  const both = (effect: string) => [text("of-jobs", effect), text("of-others", effect)];
  assert.deepEqual(
    await apply(suspendedJob("unlabelled", {}), "night"),
    both("the Job completes"),
  );
  const unlabelled = suspendedCronJob("unlabelled");
  assert.deepEqual(await apply(unlabelled, "night"), both("its Jobs complete"));
}

/** How many Jobs and CronJobs the webhook has reviewed. */
async function reviews(controller: ControllerProcess): Promise<number> {
  const counts = (await metricsOf(controller)).get("controller_runtime_webhook_requests_total");
  return [...counts ?? []].filter(([labels]) => labels.includes("validate-batch-v1-job"))
    .reduce((sum, [, count]) => sum + count, 0);
}

interface SuspendedOptions {
  /** The label `app` of the Pods; without one their template has no metadata at all. */
  app?: string;
  /** Of the Job itself. */
  annotations?: Record<string, string>;
  schedule?: string;
}

/** A Job that creates no Pods. */
function suspendedJob(name: string, options: SuspendedOptions = {}): object {
  const { annotations = {} } = options;
  const metadata = { name, annotations };
  return { apiVersion: "batch/v1", kind: "Job", metadata, spec: suspendedSpec(options) };
}

/** A CronJob that creates no Jobs, and such Jobs if it is asked for one. */
function suspendedCronJob(name: string, options: SuspendedOptions = {}): object {
  const { schedule = "0 3 * * *" } = options;
  const jobTemplate = { spec: suspendedSpec(options) };
  const spec = { schedule, suspend: true, jobTemplate };
  return { apiVersion: "batch/v1", kind: "CronJob", metadata: { name }, spec };
}

function suspendedSpec({ app }: SuspendedOptions): object {
  return {
    suspend: true,
    template: {
      ...(app ? { metadata: { labels: { app } } } : {}),
      spec: { restartPolicy: "Never", containers: [{ name: "main", image: "main:1" }] },
    },
  };
}
