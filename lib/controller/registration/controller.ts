import type { Clock } from "../../api/clock.ts";
import type { WebhookConfiguration } from "../../api/webhook_configuration.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { Peers, type PeersOptions } from "./peers.ts";
import {
  type ConfigurationKind,
  RegistrationKeeper,
  type RegistrationKeeperOptions,
} from "./reconciler.ts";
import { RegistrationWidener } from "./widener.ts";
import type { Writer } from "../writer.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isNotFound } from "../../kube/errors.ts";
import { mutatingConfigurationStore } from "./configuration_store.ts";
import { replicaLeases } from "./replica_leases.ts";
import { clusterRoleOwner } from "./facts.ts";

/** Changes that arrive together are looked at together: in milliseconds. */
const GATHER = 200;
/** At the start there is nothing to gather. */
const GATHER_FIRST = 20;

export interface RegisteringOptions
  extends
    LoopEnvironment,
    Omit<RegistrationKeeperOptions, "peers" | "owner" | "write" | "clock">,
    Pick<PeersOptions, "identity"> {
  readonly client: RestClient;
  readonly writer: Writer;
  /** The controller's own. */
  readonly namespace: string;
  /** This machine's clock. */
  readonly clock: Clock;
  /** The API server's clock. */
  readonly serverClock: Clock;
  /** Nothing else serves the registration, or removes it, once this process is gone. */
  readonly temporary: boolean;
  /** How often certificates may change, in milliseconds. */
  readonly certificatePollMs: number;
}

/** Keeps the webhook registered, for this process and for the other replicas. */
export interface Registering {
  readonly keeper: RegistrationKeeper;
  readonly widener: Pick<RegistrationWidener, "cover">;
  /** Takes over what a watch saw of a configuration; undefined when it was deleted. */
  observe(kind: ConfigurationKind, configuration: WebhookConfiguration | undefined): void;
  /** Forgets what was observed of a configuration: the API server was restored to an earlier state. */
  forget(kind: ConfigurationKind): void;
  /** Compares the registration with the SidecarSets again soon. */
  touch(): void;
  /** The same if a SidecarSet, which is undefined once it is gone, wants something else than before. */
  touchFor(sidecarSet: string, prepared: PreparedSidecarSet | undefined): void;
  /** Tells other replicas, and API servers, of another authority that this process is to be trusted by. */
  touchCaBundle(): void;
  run(signal: AbortSignal): Promise<void>;
  /** Writes the registration no more: whoever removes it now must not find it again when nobody answers to it. */
  stop(): void;
  /** Removes a temporary registration. */
  unregister(signal: AbortSignal): Promise<void>;
}

export function createRegistering(options: RegisteringOptions): Registering {
  const { name, client, writer, logger, temporary, isLeader } = options;
  const delay = () => keeper.isRegistered ? GATHER : GATHER_FIRST;
  const touch = () => loop.add(name, delay());
  const peers = new Peers({
    ...options,
    leases: replicaLeases(options),
    // An identity may be no valid name of an object.
    name: `sidecarset-${crypto.randomUUID()}`,
    pollMs: options.certificatePollMs,
    onChange: touch,
  });
  const keeper = new RegistrationKeeper({
    ...options,
    clock: options.serverClock,
    peers,
    owner: (signal) =>
      temporary ? Promise.resolve(undefined) : clusterRoleOwner(client, { name, signal }),
    write: (wanted, signal) => writer.writeRegistration(wanted, signal),
  });
  const widener = new RegistrationWidener({
    ...mutatingConfigurationStore(client, name),
    excludedNamespaces: options.excludedNamespaces,
    clock: options.serverClock,
    logger,
    registered: () => keeper.mutating,
    onStored: (stored) => keeper.observe(stored.kind, stored),
  });
  let isStopped = false;

  const loop = new Loop({ ...options, clock: options.serverClock }, {
    controller: "registration",
    concurrency: 1,
    task: "write the webhook registration",
    keyField: "registration",
    // Followers check whether reviews reach them.
    everyReplica: true,
    async reconcile(_name, signal) {
      return isStopped ? undefined : await keeper.reconcile(signal);
    },
  });

  return {
    keeper,
    widener: {
      cover: (selection) => isStopped ? Promise.resolve(false) : widener.cover(selection),
    },
    observe(kind, configuration) {
      keeper.observe(kind, configuration);
      if (kind === "MutatingWebhookConfiguration") widener.observe(configuration);
      touch();
    },
    forget(kind) {
      keeper.forget(kind);
      if (kind === "MutatingWebhookConfiguration") widener.observe(undefined);
    },
    touch,
    touchFor(sidecarSet, prepared) {
      if (!keeper.isPlanned(sidecarSet, prepared)) touch();
    },
    touchCaBundle() {
      peers.announce();
      touch();
    },
    async run(signal) {
      touch();
      await Promise.all([
        loop.run(signal),
        // A process that is alone has nobody to tell.
        ...(temporary ? [] : [peers.run(signal)]),
      ]);
    },
    stop() {
      isStopped = true;
    },
    async unregister(signal) {
      if (!temporary || !isLeader()) return;
      for (
        const kind of ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] as const
      ) {
        try {
          await writer.deleteRegistration({ kind, name }, signal);
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      }
      logger.info("Removed the webhook registration");
    },
  };
}
