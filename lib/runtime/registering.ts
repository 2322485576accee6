import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { PeersOptions } from "../controller/peers.ts";
import type { WorkQueue } from "../controller/queue.ts";
import { RegistrationKeeper, type RegistrationKeeperOptions } from "../controller/registration.ts";
import { NotLeaderError, type Writer } from "../controller/writer.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import type { RestClient } from "../kube/contract.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import { createPeers } from "./peers.ts";
import { clusterRoleOwner } from "./registration.ts";

/** Changes that arrive together are looked at together: in milliseconds. */
const GATHER = 200;
/** At the start there is nothing to gather. */
const GATHER_FIRST = 20;

export interface RegisteringOptions
  extends
    Omit<RegistrationKeeperOptions, "peers" | "owner" | "write" | "clock">,
    Pick<PeersOptions, "identity"> {
  readonly client: RestClient;
  readonly writer: Writer;
  readonly queue: WorkQueue;
  /** The controller's own. */
  readonly namespace: string;
  /** This machine's clock. */
  readonly clock: Clock;
  /** The API server's clock. */
  readonly serverClock: Clock;
  readonly logger: Logger;
  /** Nothing else serves the registration, or removes it, once this process is gone. */
  readonly temporary: boolean;
  /** How often certificates may change, in milliseconds. */
  readonly certificatePollMs: number;
  isSynced(): boolean;
}

/** Keeps the webhook registered, for this process and for the other replicas. */
export interface Registering {
  readonly keeper: RegistrationKeeper;
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
  const { name, client, writer, queue, logger, temporary, isLeader } = options;
  const delay = () => keeper.isRegistered ? GATHER : GATHER_FIRST;
  const touch = () => queue.add(name, delay());
  const peers = createPeers({
    ...options,
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
  let isStopped = false;

  async function register(signal: AbortSignal) {
    if (isStopped) return {};
    if (!options.isSynced()) return { requeueAfter: delay() };
    try {
      const requeueAfter = await keeper.reconcile(signal);
      return requeueAfter === undefined ? {} : { requeueAfter };
    } catch (error) {
      if (signal.aborted || error instanceof NotLeaderError) return {};
      if (isConflict(error)) return { requeueAfter: GATHER };
      logger.warn("Cannot write the webhook registration; trying again", { error });
      return { failed: true as const };
    }
  }

  return {
    keeper,
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
        queue.run(() => register(signal), signal),
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
