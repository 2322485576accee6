import type { Clock } from "../api/clock.ts";
import type { ControllerRevision } from "../api/controller_revision.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { Pod } from "../api/pod.ts";
import { Evictions } from "../controller/evictions.ts";
import { Events } from "../controller/events.ts";
import { LeaderElection } from "../controller/leader.ts";
import { Limiter } from "../controller/limiter.ts";
import { WorkQueue } from "../controller/queue.ts";
import { Reconciler } from "../controller/reconcile.ts";
import type { Repair } from "../controller/repairs.ts";
import { Revisions } from "../controller/revisions.ts";
import { Rollouts } from "../controller/rollouts.ts";
import { Statuses } from "../controller/statuses.ts";
import { Writer } from "../controller/writer.ts";
import { replacementObstacle } from "../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { WebhookEndpoint } from "../core/registration/configuration.ts";
import { isSettled } from "../core/status/conditions.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { get } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/send.ts";
import { type Aftercare, createAftercare } from "./aftercare.ts";
import type { Config } from "./config.ts";
import { createConfirmation } from "./confirmation.ts";
import { createDryRuns } from "./dry_runs.ts";
import type { QueueMetrics } from "./metrics/queues.ts";
import { countedUntil } from "./counted_until.ts";
import { createRegistering, type Registering } from "./registering.ts";
import { registrationFacts } from "./registration.ts";
import { createRepairReport } from "./repairs.ts";
import { leaseStore } from "./stores.ts";
import { until } from "./until.ts";

/** Name of the Lease, the registration and the ClusterRole that owns it. */
export const INSTALLATION = "sidecarset";

/** Changes that arrive together are looked at together: in milliseconds. */
const GATHER_PODS = 50;
/** While something is read anew, SidecarSets wait so long: in milliseconds. */
const LOOK_AGAIN = 200;

/** Statuses, revisions and the registration are few beside Pods. */
const OTHER_WRITES_IN_FLIGHT = 4;

export interface ControlOptions {
  readonly config: Config;
  readonly client: RestClient;
  readonly index: ClusterIndex;
  /** This machine's clock. */
  readonly clock: Clock;
  /** The API server's clock. */
  readonly serverClock: Clock;
  readonly logger: Logger;
  readonly endpoint: WebhookEndpoint;
  /** Nothing else serves the registration, or removes it, once this process is gone. */
  readonly temporary: boolean;
  /** Revisions that another controller has left elsewhere; undefined while they may not be read. */
  legacyRevisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  readonly excludedNamespaces: readonly string[];
  /** Name of this process among the candidates for leadership. */
  readonly identity: string;
  readonly metrics: QueueMetrics;
  caBundle(): string | undefined;
  /** How often certificates may change, in milliseconds. */
  readonly certificatePollMs: number;
  isSynced(): boolean;
  /** Takes over a SidecarSet as the API server stored it. */
  onStoredSidecarSet(object: KubeObject): void;
  /** Told of each object of the controller's that has been put right. */
  observeRepair(repair: Repair): void;
}

/** The part of the process that writes: leader election, the registration and the reconcile loop. */
export interface Control {
  readonly election: LeaderElection;
  readonly registering: Registering;
  readonly queue: WorkQueue;
  readonly rollouts: Rollouts;
  readonly aftercare: Aftercare;
  /** Looks at SidecarSets again soon. */
  touch(names: Iterable<string>): void;
  /** Looks at all SidecarSets again soon. */
  touchAll(): void;
  run(signal: AbortSignal): Promise<void>;
}

export function createControl(options: ControlOptions): Control {
  const { config, client, index, logger, identity, serverClock: clock } = options;
  const queueOptions = { clock, baseDelay: 100, maxDelay: 60_000 };
  const measuredQueue = (controller: string, concurrency: number) => {
    const observer = options.metrics.observer(controller);
    const measured = new WorkQueue({ ...queueOptions, concurrency, observer });
    options.metrics.observe(controller, measured);
    return measured;
  };
  const queue = measuredQueue("sidecarset", 4);
  const touch = (names: Iterable<string>) => {
    for (const name of names) queue.add(name, GATHER_PODS);
  };
  const touchAll = () => {
    touch([...index.sidecarSets.values()].map(({ name }) => name));
    touch(index.denials.names());
  };

  const election = new LeaderElection({
    store: leaseStore({ client, namespace: config.namespace, name: INSTALLATION }),
    clock: options.clock,
    logger,
    identity,
    leaseName: INSTALLATION,
    leaseNamespace: config.namespace,
    onLeading(leading) {
      aftercare.refusals.lead(leading);
      if (!leading) return;
      reconciler.lead();
      registering.touch();
      touchAll();
      aftercare.observeAll();
    },
    annotations: () => options.isSynced() ? countedUntil(clock.now()) : {},
  });
  const isLeader = () => election.isLeader();
  const perSecond = config.writesPerSecond;
  const writer = new Writer({
    client,
    leadership: { isLeader, exclusiveFor: () => election.exclusiveFor() },
    podLimiter: new Limiter({ clock, maxInFlight: config.maxInFlight, perSecond }),
    limiter: new Limiter({ clock, maxInFlight: OTHER_WRITES_IN_FLIGHT, perSecond }),
  });
  const events = new Events({ writer, clock, logger, instance: identity });
  const onRepair = createRepairReport({ logger, events, observe: options.observeRepair });
  const registering = createRegistering({
    ...options,
    name: INSTALLATION,
    namespace: config.namespace,
    ...{ writer, isLeader },
    queue: measuredQueue("registration", 1),
    sidecarSets: () => [...index.sidecarSets.values()],
    onCoverage: touch,
    onRepair,
  });
  const registration = registering.keeper;
  const readPod = ({ metadata: { name = "", namespace = "" } }: Pod, signal: AbortSignal) =>
    send(client, get(resources.pods, { name, namespace }), signal);
  const rollouts = new Rollouts({
    index,
    writer,
    clock,
    logger,
    events,
    readPod,
    onProgress: (name) => touch([name]),
    onStored: (pod: Pod) => touch(index.updatePod(pod)),
  });
  const dryRunFacts = createDryRuns(options);
  const evictionRule = {
    recreatingKinds: new Set(config.recreatingKinds),
    isWebhookReady(prepared: PreparedSidecarSet) {
      const facts = registrationFacts(prepared, registration);
      return facts.obstacle === undefined && isSettled(facts, clock.now());
    },
    obstacleOf: (pod: Pod, prepared: PreparedSidecarSet) =>
      replacementObstacle(pod, {
        ...dryRunFacts(pod),
        sidecarSet: prepared.name,
        revision: prepared.revisionName,
      }),
    readPod,
    confirmation: createConfirmation({ client, index }),
  };
  const aftercare = createAftercare({
    ...evictionRule,
    events,
    client,
    index,
    writer,
    clock,
    logger,
    namespace: config.namespace,
    isLeader,
    isSynced: options.isSynced,
    excludedNamespaces: options.excludedNamespaces,
    onStored: (pod) => touch(index.updatePod(pod)),
    onChange: (sidecarSet) => touch([sidecarSet]),
    onRepair,
  });
  const evictions = new Evictions({ ...evictionRule, index, writer, clock, logger, events });
  const reconciler = new Reconciler({
    index,
    clock,
    logger,
    isLeader,
    rollouts,
    evictions,
    revisions: new Revisions({
      index,
      writer,
      clock,
      namespace: config.namespace,
      onStored: (revision: ControllerRevision) => index.applyRevision(revision),
      onDeleted: (name) => index.deleteRevision(name),
      legacy: options.legacyRevisions,
    }),
    statuses: new Statuses({
      index,
      writer,
      clock,
      logger,
      events,
      registrationOf: (prepared) => registrationFacts(prepared, registration),
      missedOf: (name) => aftercare.missed.summaryOf(name),
      refusedOf: (name) => aftercare.refusals.pods.summaryOf(name),
      readSidecarSet: (name, signal) => send(client, get(resources.sidecarSets, { name }), signal),
      onStored: options.onStoredSidecarSet,
      onRepair,
    }),
  });

  async function reconcileOnceSynced(signal: AbortSignal) {
    // Nothing is taken from the queue before: with many SidecarSets that alone would keep the process from reading on.
    await until(options.isSynced, { clock: options.clock, signal });
    await queue.run((name) => {
      if (options.isSynced()) return reconciler.reconcile(name, signal);
      return Promise.resolve({ requeueAfter: LOOK_AGAIN });
    }, signal);
  }

  return {
    election,
    registering,
    queue,
    rollouts,
    aftercare,
    touch,
    touchAll,
    async run(signal) {
      await Promise.all([
        reconcileOnceSynced(signal),
        registering.run(signal),
        aftercare.run(signal),
        events.run(signal),
      ]);
      await rollouts.settled();
    },
  };
}
