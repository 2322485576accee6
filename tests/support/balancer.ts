import type { ControllerProcess } from "./controller_process.ts";
import { Relay } from "./relay.ts";

/** How often readiness is looked at, in milliseconds. */
const PROBE_INTERVAL_MS = 200;
const PROBE_TIMEOUT_MS = 1_000;
/** Probes in a row without an answer after which a replica is not ready, as a kubelet's `failureThreshold`. */
const FAILURE_THRESHOLD = 3;

/**
 * Plays the Service in front of the replicas: each new connection goes to the next replica that was ready when it was
 * last asked. Connections stay where they are, as with kube-proxy.
 */
export class Balancer implements AsyncDisposable {
  readonly url: string;
  readonly #relay = new Relay(() => this.#choose());
  readonly #backends = new Map<ControllerProcess, boolean>();
  readonly #failures = new WeakMap<ControllerProcess, number>();
  readonly #probing: Promise<void>;
  readonly #stopping = new AbortController();
  #next = 0;

  constructor() {
    this.url = `https://127.0.0.1:${this.#relay.port}/`;
    this.#probing = this.#probe();
  }

  add(replica: ControllerProcess): void {
    this.#backends.set(replica, false);
  }

  /** Whether new connections may go to the replica. */
  includes(replica: ControllerProcess): boolean {
    return this.#backends.get(replica) === true;
  }

  /** Sends nothing to the replica any more, and ends the connections that it has. */
  remove(replica: ControllerProcess): void {
    this.#backends.delete(replica);
    this.#relay.end(portOf(replica));
  }

  #choose(): number | undefined {
    const ready = [...this.#backends].filter(([, isReady]) => isReady);
    const chosen = ready[this.#next++ % ready.length];
    return chosen && portOf(chosen[0]);
  }

  async #probe(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await Promise.all(
        [...this.#backends.keys()].map(async (replica) => {
          const isReady = await isReadyNow(replica);
          const failures = isReady === undefined ? (this.#failures.get(replica) ?? 0) + 1 : 0;
          this.#failures.set(replica, failures);
          // On a busy machine a probe can time out though the replica is ready.
          if (isReady === undefined && failures < FAILURE_THRESHOLD) return;
          if (this.#backends.has(replica)) this.#backends.set(replica, isReady === true);
        }),
      );
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, PROBE_INTERVAL_MS);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#relay[Symbol.asyncDispose]();
    await this.#probing;
  }
}

function portOf({ webhookUrl }: ControllerProcess): number {
  return Number(new URL(webhookUrl).port);
}

/** Undefined if the probe timed out. */
async function isReadyNow(replica: ControllerProcess): Promise<boolean | undefined> {
  try {
    const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
    const response = await fetch(`${replica.healthUrl}/readyz`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    return error instanceof DOMException && error.name === "TimeoutError" ? undefined : false;
  }
}
