import type { Clock } from "../api/clock.ts";
import type { ControllerRevision, KubeObject } from "../api/objects.ts";
import type { Logger } from "../api/logger.ts";
import { INSTALLATION } from "../api/names.ts";
import type { Pod } from "../api/pod.ts";
import { CleanupController } from "../controller/cleanup/controller.ts";
import { CleanupRecords } from "../controller/cleanup/records.ts";
import { createConfirmation } from "../controller/confirmation.ts";
import { createDryRuns } from "../controller/dry_runs.ts";
import { CleanupEvictions } from "../controller/eviction/cleanup.ts";
import { Events } from "../controller/events.ts";
import { LeaderElection } from "../controller/leader/election.ts";
import { countedUntil, type LeaseStore } from "../controller/leader/lease_store.ts";
import type { LoopEnvironment, LoopMetrics } from "../controller/loop.ts";
import { MissedController } from "../controller/missed/controller.ts";
import { PolicyController } from "../controller/policy/controller.ts";
import { RefusedController } from "../controller/refused/controller.ts";
import { RegistrationController } from "../controller/registration/controller.ts";
import { createRepairReport, type Repair } from "../controller/repair_backoff.ts";
import { SidecarSetController } from "../controller/sidecarset/controller.ts";
import { createVirtualNodes, TerminationController } from "../controller/termination/controller.ts";
import { Writer } from "../controller/writer.ts";
import {
  missedReason,
  observedObstacle,
  replacementObstacle,
} from "../core/cleanup/replacement.ts";
import type { ObservedPod } from "../core/observed_pod.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { WebhookEndpoint } from "../core/registration/configuration.ts";
import { isSettled } from "../core/status/conditions.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { get } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";
import type { Config } from "./config.ts";
import type { SlicedWork } from "./slices.ts";

interface ControllersOptions {
  readonly config: Config;
  readonly client: RestClient;
  readonly index: ClusterIndex;
  /** This machine's clock. */
  readonly localClock: Clock;
  /** The API server's clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** Divides long work. */
  readonly slices: Pick<SlicedWork, "runSteps" | "pause">;
  /** Of the installation. */
  readonly lease: LeaseStore;
  readonly endpoint: WebhookEndpoint;
  /** Whether the registration ends with this process. */
  readonly temporary: boolean;
  /** Revisions that another controller has left elsewhere; undefined while reading them is forbidden. */
  retainedRevisions(signal: AbortSignal): Promise<readonly ControllerRevision[] | undefined>;
  readonly excludedNamespaces: readonly string[];
  /** Name of this process among the candidates for leadership. */
  readonly identity: string;
  readonly metrics: LoopMetrics;
  /** PEM text of the authorities of this process; undefined until there is a certificate. */
  caBundle(): string | undefined;
  /** What other programs read about this replica: annotations of its Lease. */
  facts(): Readonly<Record<string, string>>;
  /** How often certificates may change. */
  readonly certificatePollMs: number;
  /** Whether the index has read everything. */
  isSynced(): boolean;
  prepare(stored: KubeObject): PreparedSidecarSet;
  /** Counts repairs of objects that another client had changed. */
  observeRepair(repair: Repair): void;
}

/** Everything that writes. Followers keep their queues empty and write nothing but their own Lease. */
export interface Controllers {
  readonly election: LeaderElection;
  readonly registration: RegistrationController;
  readonly policy: PolicyController;
  readonly sidecarSets: SidecarSetController;
  readonly cleanup: CleanupController;
  readonly missed: MissedController;
  readonly refused: RefusedController;
  /** Works until the signal is aborted, without the leader election. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * The part of the composition root (`run`) that writes: creates all controllers, each after the parts that it uses, and
 * subscribes them to the changes of the index and of leadership.
 */
export function createControllers(options: ControllersOptions): Controllers {
  const { config, client, index, clock, logger, identity, isSynced } = options;
  const { namespace } = config;
  const election = new LeaderElection({
    store: options.lease,
    clock: options.localClock,
    logger,
    identity,
    leaseName: INSTALLATION,
    leaseNamespace: namespace,
    annotations: () => isSynced() ? countedUntil(clock.now()) : {},
  });
  const isLeader = () => election.isLeader();
  const writer = new Writer({
    client,
    clock,
    leadership: { isLeader, exclusiveFor: () => election.exclusiveFor() },
    maxInFlight: config.maxInFlight,
    perSecond: config.writesPerSecond,
    pause: () => options.slices.pause(),
  });
  const environment: LoopEnvironment = {
    clock,
    logger,
    isLeader,
    isSynced,
    metrics: options.metrics,
    pause: () => options.slices.pause(),
  };
  const events = new Events({ ...environment, writer, instance: identity });
  const onRepair = createRepairReport({ logger, events, observe: options.observeRepair });
  const { runSteps } = options.slices;
  const common = { ...environment, runSteps, client, index, writer, events, namespace, onRepair };

  const registration: RegistrationController = new RegistrationController({
    ...options,
    ...common,
    name: INSTALLATION,
    isInjectedByPolicy: (prepared) => policy.covers(prepared),
  });
  const policy = new PolicyController({
    ...options,
    ...common,
    isReviewed: (prepared) => registration.isReviewed(prepared),
    onCoverage: () => registration.resync(),
  });
  const injectionFacts = (prepared: PreparedSidecarSet) =>
    policy.factsOf(prepared, registration.factsOf(prepared));
  const dryRunFacts = createDryRuns(options);
  const replacementFacts = (pod: ObservedPod, { name, revisionName }: PreparedSidecarSet) => ({
    ...dryRunFacts(pod),
    sidecarSet: name,
    revision: revisionName,
  });
  const readPod = ({ metadata: { name = "", namespace = "" } }: ObservedPod, signal: AbortSignal) =>
    send(client, get(resources.pods, { name, namespace }), signal);
  const confirmation = createConfirmation({ client, index });
  const evictionRule = {
    readPod,
    confirmation,
    recreatingKinds: new Set(config.recreatingKinds),
    isWebhookReady(prepared: PreparedSidecarSet) {
      const facts = injectionFacts(prepared);
      if (facts.isUnknown) return undefined;
      return facts.obstacle === undefined && isSettled(facts, clock.now());
    },
    obstacleOf: (pod: Pod, prepared: PreparedSidecarSet) =>
      replacementObstacle(pod, replacementFacts(pod, prepared)),
    observedObstacleOf: (pod: ObservedPod, prepared: PreparedSidecarSet) =>
      observedObstacle(pod, replacementFacts(pod, prepared)),
  };

  const missed = new MissedController({
    ...common,
    readPod,
    reasonFor: (pod, { name }) => missedReason(pod, { ...dryRunFacts(pod), sidecarSet: name }),
  });
  const refused = new RefusedController({ ...common, dryRunFacts });
  const sidecarSets = new SidecarSetController({
    ...common,
    ...evictionRule,
    retainedRevisions: options.retainedRevisions,
    registrationOf: injectionFacts,
    missedOf: (name) => missed.summaryOf(name),
    refusedOf: (name) => refused.summaryOf(name),
    arePodsExamined: (name) => missed.isExamined(name) && refused.isExamined(name),
    onStored: (stored) => index.updateSidecarSet(options.prepare(stored)),
  });
  const records = new CleanupRecords(common);
  const cleanup = new CleanupController({
    ...common,
    records,
    confirmation,
    evictions: new CleanupEvictions({ ...common, ...evictionRule, records }),
  });
  const termination = new TerminationController({
    ...common,
    isVirtualNode: createVirtualNodes({ client, clock }),
  });

  const observers = [policy, registration, sidecarSets, missed, cleanup, termination];
  election.subscribe((isLeading) => refused.setLeading(isLeading));
  election.subscribe(() => sidecarSets.rollouts.forgetPlans());
  for (const observer of observers) {
    index.changes.subscribe((change) => observer.observe(change));
    // Subscribed one by one, so that the others resync where one fails.
    election.subscribe((isLeading) => {
      if (isLeading) observer.resync();
    });
  }
  const running = [...observers, refused, events];
  return {
    election,
    registration,
    policy,
    sidecarSets,
    cleanup,
    missed,
    refused,
    async run(signal) {
      await Promise.all(running.map((each) => each.run(signal)));
    },
  };
}
