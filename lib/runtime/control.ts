import type { Clock } from "../api/clock.ts";
import type { ControllerRevision } from "../api/controller_revision.ts";
import type { Logger } from "../api/logger.ts";
import { INSTALLATION } from "../api/names.ts";
import type { KubeObject } from "../api/objects.ts";
import type { Pod } from "../api/pod.ts";
import { createConfirmation } from "../controller/confirmation.ts";
import { Evictions } from "../controller/eviction/sidecarset.ts";
import { Events } from "../controller/events.ts";
import { LeaderElection, type LeaseStore } from "../controller/leader/election.ts";
import { Limiter } from "../controller/limiter.ts";
import { Loop, type LoopEnvironment, type LoopMetrics } from "../controller/loop.ts";
import { Reconciler } from "../controller/sidecarset/reconciler.ts";
import { createRepairReport, type Repair } from "../controller/repair_backoff.ts";
import { Revisions } from "../controller/sidecarset/revisions.ts";
import { Rollouts } from "../controller/rollout/engine.ts";
import { Statuses } from "../controller/sidecarset/statuses.ts";
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
import { createDryRuns } from "../controller/dry_runs.ts";
import { countedUntil } from "../controller/missed/counted_until.ts";
import { createRegistering, type Registering } from "../controller/registration/controller.ts";
import { registrationFacts } from "../controller/registration/facts.ts";

/** Changes that arrive together are looked at together: in milliseconds. */
const GATHER_PODS = 50;

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
  /** The installation's. */
  readonly lease: LeaseStore;
  readonly endpoint: WebhookEndpoint;
  /** Nothing else serves the registration, or removes it, once this process is gone. */
  readonly temporary: boolean;
  /** Revisions that another controller has left elsewhere; undefined while they may not be read. */
  legacyRevisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  readonly excludedNamespaces: readonly string[];
  /** Name of this process among the candidates for leadership. */
  readonly identity: string;
  readonly metrics: LoopMetrics;
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
  /** Number of Pods that roll-outs are writing to. */
  podWritesInFlight(): number;
  readonly aftercare: Aftercare;
  /** Looks at SidecarSets again soon. */
  touch(names: Iterable<string>): void;
  /** Looks at all SidecarSets again soon. */
  touchAll(): void;
  run(signal: AbortSignal): Promise<void>;
}

export function createControl(options: ControlOptions): Control {
  const { config, client, index, logger, identity, serverClock: clock } = options;
  const touch = (names: Iterable<string>) => {
    for (const name of names) loop.add(name, GATHER_PODS);
  };
  const touchAll = () => {
    touch([...index.sidecarSets.values()].map(({ name }) => name));
    touch(index.denials.names());
  };

  const election = new LeaderElection({
    store: options.lease,
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
  const environment: LoopEnvironment = {
    clock,
    logger,
    isLeader,
    isSynced: options.isSynced,
    metrics: options.metrics,
  };
  const events = new Events({ ...environment, writer, instance: identity });
  const onRepair = createRepairReport({ logger, events, observe: options.observeRepair });
  const registering = createRegistering({
    ...options,
    name: INSTALLATION,
    namespace: config.namespace,
    ...{ writer, isLeader },
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
    start: (write) => loop.start(write),
    onProgress: (name) => touch([name]),
    onStored: (pod: Pod) => touch(index.updatePod(pod)),
  });
  const dryRunFacts = createDryRuns({ ...options, exclusions: () => registration.exclusions });
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
    ...environment,
    ...evictionRule,
    events,
    client,
    index,
    writer,
    namespace: config.namespace,
    dryRunFacts,
    onStored: (pod) => touch(index.updatePod(pod)),
    onChange: (sidecarSet) => touch([sidecarSet]),
    onRepair,
  });
  const evictions = new Evictions({ ...evictionRule, index, writer, clock, logger, events });
  const reconciler = new Reconciler({
    index,
    clock,
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

  const loop = new Loop(environment, {
    controller: "sidecarset",
    concurrency: 4,
    task: "reconcile a SidecarSet",
    keyField: "sidecarSet",
    reconcile: (name, signal) => reconciler.reconcile(name, signal),
  });

  return {
    election,
    registering,
    podWritesInFlight: () => loop.inFlight,
    aftercare,
    touch,
    touchAll,
    async run(signal) {
      await Promise.all([
        loop.run(signal),
        registering.run(signal),
        aftercare.run(signal),
        events.run(signal),
      ]);
    },
  };
}
