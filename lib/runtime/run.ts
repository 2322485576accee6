import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import { INSTALLATION, REPLICA_VERSION_ANNOTATION } from "../api/names.ts";
import type { WebhookEndpoint } from "../core/registration/configuration.ts";
import { FIELD_MANAGER } from "../core/field_manager.ts";
import { ClusterIndex } from "../index/cluster.ts";
import type { RestClient } from "../kube/contract.ts";
import { findCluster } from "../kube/cluster.ts";
import { StoreMonitor } from "../kube/store_monitor.ts";
import { denoHost } from "../kube/host.ts";
import { ServerClock } from "../kube/server_clock.ts";
import { FetchClient } from "../kube/transport.ts";
import { keepChecking } from "../webhook/certificates/source.ts";
import { openLibc } from "../webhook/libc.ts";
import { openSocketTuning } from "../webhook/socket_tuning.ts";
import { aborted } from "../controller/loop.ts";
import { createAdmission } from "./admission.ts";
import { createCertificates } from "./certificates.ts";
import type { Config } from "./config.ts";
import { createControllers } from "./controllers.ts";
import {
  leaseStore,
  observedLeaseStore,
  readCountedUntil,
} from "../controller/leader/lease_store.ts";
import { everyAddress } from "./listen.ts";
import { createHealthHandler, startHealthServer } from "./health.ts";
import { ensureNamespace, requireNoOtherController } from "./sole_controller.ts";
import { createRetained } from "../controller/openkruise/retained.ts";
import { sampleEventLoop } from "./metrics/event_loop.ts";
import { keepTrimming } from "./memory.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createOpenKruiseGuard } from "../controller/openkruise/guard.ts";
import { dropPermissions } from "./permissions.ts";
import { createReadiness } from "./readiness.ts";
import { toPrepared } from "../core/defaults/prepare.ts";
import { createSlices } from "./slices.ts";
import { createCover, createMechanismWarnings, createValidation } from "./validation.ts";
import { createWatches } from "./watches.ts";
import { createWebhookListener } from "./webhook_listener.ts";

interface RunOptions {
  readonly config: Config;
  /** Of the program. */
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Starts an orderly shut-down. */
  readonly signal: AbortSignal;
}

const UNREGISTER_DEADLINE_MS = 5_000;

/**
 * Runs the webhook and the controllers until the signal is aborted, then stops them in order: readiness, reviews,
 * writes, Lease.
 *
 * This is the composition root. It creates each part after the parts that it uses, and each `create…` in this folder
 * wires one of them. `createControllers` wires everything that writes; it has its own file only for its length.
 *
 * @throws {Error} if the cluster cannot be found or a port cannot be listened on; later failures are logged and retried
 */
export async function run({ config, version, clock, logger, signal }: RunOptions): Promise<void> {
  // The API server
  const cluster = await findCluster({
    host: denoHost(),
    logger,
    clock,
    ...(config.kubeconfig ? { kubeconfig: config.kubeconfig } : {}),
    ...(config.context ? { context: config.context } : {}),
  });
  const libc = openLibc();
  const sockets = openSocketTuning({ logger, libc });
  const identity = `${Deno.hostname()}_${crypto.randomUUID()}`;
  logger.info("Starting", { version, identity, apiServer: cluster.server });
  await dropPermissions({ keepRun: cluster.runsPrograms ?? false, logger });
  const metrics = createMetrics({ version, apiServer: new URL(cluster.server).host });
  const serverClock = new ServerClock(clock);
  const client = new FetchClient({
    cluster,
    clock,
    // The part before the slash is the field manager.
    userAgent: `${FIELD_MANAGER}/${version} (${identity})`,
    observe(observation) {
      metrics.observeRequest(observation);
      serverClock.observe(observation);
    },
  });
  const temporary = config.webhookUrl !== undefined && !config.keepRegistration;
  if (temporary) await prepareTemporary({ config, client, clock, logger, signal });

  // OpenKruise
  const openKruise = createOpenKruiseGuard({
    client,
    namespace: config.openKruiseNamespace,
    clock: serverClock,
    logger,
  });
  const retained = createRetained({
    client,
    namespace: config.openKruiseNamespace,
    clock,
    logger,
  });

  // What this process knows
  const excludedNamespaces = [...new Set([...config.excludeNamespaces, config.namespace])];
  const slices = createSlices({
    clock,
    logger,
    isServing: () => controllers.registration.isReached,
  });
  const index = new ClusterIndex({ excludedNamespaces, slices });
  const validation = createValidation({
    index,
    requireAllowList: config.requireAnnotationAllowList,
    retainedAllowList: retained.allowList,
  });
  const lease = leaseStore({ client, namespace: config.namespace, name: INSTALLATION });
  const storeMonitor = new StoreMonitor({
    clock,
    logger,
    read: async (signal) => (await lease.get(signal))?.metadata.resourceVersion,
  });
  const watches = createWatches({
    client,
    index,
    clock,
    logger,
    runSteps: slices.runSteps,
    pause: slices.pause,
    namespace: config.namespace,
    registrationName: INSTALLATION,
    problemsOf: validation.problemsOf,
    countedUntil: (signal) => readCountedUntil({ store: lease, logger }, signal),
    onBrokenConnection: () => storeMonitor.onBrokenConnection(),
  });
  storeMonitor.subscribe({
    onReachable: () => watches.wake(),
    onRollback: () => watches.rollBack(),
  });

  // What it writes
  const certificates = createCertificates({ config, client, index, clock, logger });
  const controllers = createControllers({
    config,
    client,
    index,
    localClock: clock,
    clock: serverClock,
    logger,
    slices,
    lease: observedLeaseStore(lease, storeMonitor),
    endpoint: endpointOf(config),
    temporary,
    retainedRevisions: retained.revisions,
    excludedNamespaces,
    identity,
    metrics: metrics.loops,
    caBundle: () => certificates.source.caBundle() || undefined,
    facts: () => ({ [REPLICA_VERSION_ANNOTATION]: version, ...certificates.facts() }),
    certificatePollMs: certificates.pollMs,
    isSynced: () => watches.unsynced().length === 0,
    prepare: (stored) =>
      toPrepared(stored, validation.problemsOf, {
        known: index.sidecarSets.get(stored.metadata.name ?? ""),
      }),
    observeRepair: metrics.observeRepair,
  });

  // What it serves
  const handler = createAdmission({
    client,
    index,
    clock,
    logger,
    excludedNamespaces,
    // A temporary registration is a trial: it must not refuse Pods of other users.
    refusesPods: !temporary,
    omitsDefaults: config.omitDefaults,
    isSynced: () => watches.isAdmissionSynced() && !storeMonitor.isUncertain,
    problemsOf: validation.problemsOf,
    validate: validation.validate,
    warningsOf: createMechanismWarnings({
      index,
      excludedNamespaces,
      problemsOf: validation.problemsOf,
    }),
    cover: createCover({
      registration: controllers.registration,
      problemsOf: validation.problemsOf,
    }),
    observer: metrics.podObserver,
    observe: metrics.observeReview,
  });
  const { webhookHost = everyAddress(), healthHost = everyAddress() } = config;
  const failed = new AbortController();
  const stopping = AbortSignal.any([signal, failed.signal]);
  const listener = createWebhookListener({
    handler,
    hostname: webhookHost,
    port: config.webhookPort,
    sockets,
    logger,
    clock,
    onListenError: (error) => failed.abort(error),
  });
  const readiness = createReadiness({
    watches,
    certificates: certificates.source,
    clock,
    serverName: certificates.serverName,
    hostname: webhookHost,
    port: () => listener.server()?.port,
    isReached: () => controllers.registration.isReached,
    writeObstacle: () => config.ignoreOpenKruise ? undefined : openKruise.problem(),
    stopping,
  });
  metrics.observeState({
    index,
    watches,
    controllers,
    certificates: certificates.source,
    reviewsInFlight: () => listener.server()?.inFlight() ?? 0,
  });
  const health = startHealthServer(
    createHealthHandler({ checks: readiness.checks, metrics: metrics.text }),
    { hostname: healthHost, port: config.healthPort, logger },
  );
  certificates.subscribe({
    onCertificate: listener.onCertificate,
    onCaBundle: () => controllers.registration.observeCaBundle(),
  });

  // Start
  const leadership = new AbortController();
  const elect = (signal: AbortSignal) => controllers.election.run(signal);
  const electing = config.ignoreOpenKruise
    ? elect(leadership.signal)
    : openKruise.run(elect, leadership.signal);
  const work = new AbortController();
  const working = Promise.all([
    watches.run(work.signal),
    storeMonitor.run(work.signal),
    retained.read(work.signal).then((wasForbidden) => {
      if (wasForbidden) controllers.sidecarSets.requeueAll();
    }),
    keepChecking(certificates.source, {
      clock,
      logger,
      signal: work.signal,
      pollMs: certificates.pollMs,
      observe: metrics.observeCertificateCheck,
    }),
    controllers.run(work.signal),
    readiness.run(work.signal),
    sampleEventLoop({ clock, observe: metrics.observeEventLoopDelay }, work.signal),
    keepTrimming({ libc, clock }, work.signal),
  ]);

  // Stop
  await aborted(signal, failed.signal);
  logger.info("Shutting down");
  controllers.registration.stop();
  controllers.policy.stop();
  if (temporary) {
    await controllers.registration.unregister(AbortSignal.timeout(UNREGISTER_DEADLINE_MS)).catch((
      error,
    ) => logger.error("Cannot remove the webhook registration", { error }));
  } else if (listener.server()) {
    // Reviews arrive until every API server and proxy has seen that this process is not ready.
    await clock.sleep(config.drainSeconds * 1_000);
  }
  const deadline = AbortSignal.timeout(config.shutdownSeconds * 1_000);
  await listener.server()?.stop(config.shutdownSeconds * 500);
  work.abort();
  await Promise.race([working, aborted(deadline)]);
  leadership.abort();
  await Promise.race([electing, aborted(deadline)]);
  await health.stop();
  for (const each of [client, sockets]) each.close();
  logger.info("Stopped");
  failed.signal.throwIfAborted();
}

/** Preconditions of a controller outside of the cluster. */
async function prepareTemporary(
  { config: { namespace }, client, clock, logger, signal }: Omit<RunOptions, "version"> & {
    readonly client: RestClient;
  },
): Promise<void> {
  await ensureNamespace(client, { namespace, signal });
  const store = leaseStore({ client, namespace, name: INSTALLATION });
  await requireNoOtherController({ store, clock, logger, signal });
}

function endpointOf(config: Config): WebhookEndpoint {
  if (config.webhookUrl) return { url: config.webhookUrl };
  return { service: { name: config.serviceName, namespace: config.namespace, port: 443 } };
}
