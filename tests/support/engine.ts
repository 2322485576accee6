import type { Clock } from "../../lib/api/clock.ts";
import type { ControllerRevision } from "../../lib/api/controller_revision.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { Confirmation } from "../../lib/controller/confirmation.ts";
import { Evictions } from "../../lib/controller/eviction/sidecarset.ts";
import { Events } from "../../lib/controller/events.ts";
import { Limiter } from "../../lib/controller/limiter.ts";
import { Loop } from "../../lib/controller/loop.ts";
import { Reconciler } from "../../lib/controller/sidecarset/reconciler.ts";
import type { Repair } from "../../lib/controller/repair_backoff.ts";
import { Revisions } from "../../lib/controller/sidecarset/revisions.ts";
import { Rollouts } from "../../lib/controller/rollout/engine.ts";
import { Statuses } from "../../lib/controller/sidecarset/statuses.ts";
import { Writer } from "../../lib/controller/writer.ts";
import { RECREATING_KINDS } from "../../lib/core/cleanup/eviction.ts";
import type { ReplacementObstacle } from "../../lib/core/cleanup/replacement.ts";
import type { RegistrationFacts } from "../../lib/core/status/facts.ts";
import { ClusterIndex } from "../../lib/index/cluster.ts";
import type { RestClient } from "../../lib/kube/contract.ts";
import { get } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/send.ts";
import { leader } from "./leader.ts";
import { loopEnvironment } from "./loop_environment.ts";
import { quietLogger } from "./quiet_logger.ts";

export interface EngineOptions {
  readonly client: RestClient;
  readonly clock: Clock;
  isLeader?(): boolean;
  registrationOf?(): RegistrationFacts;
  obstacleOf?(pod: Pod): ReplacementObstacle | undefined;
  /** Revisions that another controller has left; undefined while they may not be read. @default none */
  legacy?(): readonly ControllerRevision[] | undefined;
  /** Told of SidecarSets to look at again. */
  onProgress?(sidecarSet: string): void;
  /** Takes over answers ahead of the watch. @default nobody does */
  onStoredPod?(pod: Pod): void;
  onStoredSidecarSet?(sidecarSet: KubeObject): void;
  onRepair?(repair: Repair): void;
}

/** The parts of a controller that bring SidecarSets nearer to what they should be, over an index of their own. */
export function createEngine(options: EngineOptions) {
  const { client, clock } = options;
  const { isLeader = () => true, registrationOf = () => ({}), onProgress = () => {} } = options;
  const index = new ClusterIndex();
  const limiter = () => new Limiter({ clock, maxInFlight: 16, perSecond: 1_000 });
  const leadership = { ...leader, isLeader };
  const writer = new Writer({ client, podLimiter: limiter(), limiter: limiter(), leadership });
  const common = { index, writer, clock, logger: quietLogger };
  const environment = loopEnvironment({ clock, isLeader });
  const events = new Events({ ...environment, writer, instance: "test" });
  const readPod = ({ metadata: { name = "", namespace = "" } }: Pod, signal: AbortSignal) =>
    send(client, get(resources.pods, { name, namespace }), signal);
  const rollouts = new Rollouts({
    ...common,
    events,
    readPod,
    start: (write) => loop.start(write),
    onProgress,
    onStored: options.onStoredPod ?? (() => {}),
  });
  const reconciler = new Reconciler({
    ...common,
    rollouts,
    evictions: new Evictions({
      ...common,
      events,
      readPod,
      recreatingKinds: RECREATING_KINDS,
      isWebhookReady: () => true,
      confirmation: new Confirmation({
        index,
        readSidecarSet: () => Promise.resolve(undefined),
        readNamespace: () => Promise.resolve(undefined),
      }),
      obstacleOf: options.obstacleOf ?? (() => undefined),
    }),
    revisions: new Revisions({
      index,
      writer,
      clock,
      namespace: "sidecarset-system",
      onStored: (revision) => index.applyRevision(revision),
      onDeleted: (name) => index.deleteRevision(name),
      legacy: () => Promise.resolve(options.legacy ? options.legacy() : []),
    }),
    statuses: new Statuses({
      ...common,
      events,
      registrationOf,
      missedOf: () => undefined,
      readSidecarSet: (name, signal) => send(client, get(resources.sidecarSets, { name }), signal),
      onRepair: options.onRepair ?? (() => {}),
      onStored: options.onStoredSidecarSet ?? (() => {}),
    }),
  });
  const loop = new Loop(environment, {
    controller: "sidecarset",
    concurrency: 2,
    task: "reconcile a SidecarSet",
    keyField: "sidecarSet",
    reconcile: (name, signal) => reconciler.reconcile(name, signal),
  });
  return { index, events, rollouts, reconciler, loop };
}
