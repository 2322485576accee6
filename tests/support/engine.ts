import type { Clock } from "../../lib/api/clock.ts";
import type { ControllerRevision, KubeObject } from "../../lib/api/objects.ts";
import type { ObservedPod } from "../../lib/core/observed_pod.ts";
import { Confirmation } from "../../lib/controller/confirmation.ts";
import { Events } from "../../lib/controller/events.ts";
import type { Repair } from "../../lib/controller/repair_backoff.ts";
import type { RunSteps } from "../../lib/controller/steps.ts";
import { SidecarSetController } from "../../lib/controller/sidecarset/controller.ts";
import { Writer } from "../../lib/controller/writer.ts";
import { RECREATING_KINDS } from "../../lib/core/cleanup/eviction.ts";
import type { Obstacle } from "../../lib/core/reasons.ts";
import type { RegistrationFacts } from "../../lib/core/status/facts.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import type { Slices } from "../../lib/index/reclassifier.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { leader } from "./leader.ts";
import { loopEnvironment } from "./loop_environment.ts";

export interface EngineOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  isLeader?(): boolean;
  registrationOf?(): RegistrationFacts;
  obstacleOf?(pod: ObservedPod): Obstacle | undefined;
  /** Revisions that another controller has left; undefined while reading them is forbidden. @default none */
  retainedRevisions?(): readonly ControllerRevision[] | undefined;
  /** Applies the answer to a status write ahead of the watch. @default it is ignored */
  onStoredSidecarSet?(sidecarSet: KubeObject): void;
  onRepair?(repair: Repair): void;
  /** @default without pauses */
  readonly runSteps?: RunSteps;
  /** How Pods are classified again. @default all at once */
  readonly slices?: Slices;
}

/** The SidecarSet controller over its own index, to whose changes it is subscribed. */
export function createEngine(options: EngineOptions) {
  const { client, clock } = options;
  const { isLeader = () => true, registrationOf = () => ({}) } = options;
  const index = new ClusterIndex(options.slices ? { slices: options.slices } : {});
  const leadership = { ...leader, isLeader };
  const writer = new Writer({ client, clock, leadership, maxInFlight: 16, perSecond: 1_000 });
  const environment = loopEnvironment({ clock, isLeader });
  const events = new Events({ ...environment, writer, instance: "test" });
  const controller = new SidecarSetController({
    ...environment,
    ...(options.runSteps ? { runSteps: options.runSteps } : {}),
    client,
    index,
    writer,
    events,
    namespace: "sidecarset-system",
    readPod: ({ metadata: { name = "", namespace = "" } }, signal) =>
      send(client, get(resources.pods, { name, namespace }), signal),
    recreatingKinds: RECREATING_KINDS,
    isWebhookReady: () => true,
    confirmation: new Confirmation({
      index,
      readSidecarSet: () => Promise.resolve(undefined),
      readNamespace: () => Promise.resolve(undefined),
    }),
    obstacleOf: options.obstacleOf ?? (() => undefined),
    observedObstacleOf: options.obstacleOf ?? (() => undefined),
    retainedRevisions: () =>
      Promise.resolve(options.retainedRevisions ? options.retainedRevisions() : []),
    registrationOf,
    missedOf: () => undefined,
    refusedOf: () => undefined,
    onRepair: options.onRepair ?? (() => {}),
    onStored: options.onStoredSidecarSet ?? (() => {}),
  });
  index.changes.subscribe((change) => controller.observe(change));
  const { loop, rollouts } = controller;
  return { index, events, rollouts, controller, loop };
}
