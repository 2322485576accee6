import type { ControllerProcess } from "./controller_process.ts";

/** How often readiness is looked at, in milliseconds. */
const PROBE = 200;

/**
 * Plays the Service in front of the replicas: each new connection goes to the next replica that was ready when it was last asked.
 * Connections stay where they are, as with kube-proxy.
 */
export class Balancer implements AsyncDisposable {
  readonly url: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #backends = new Map<ControllerProcess, boolean>();
  /** The connections that are open, with the replica that they lead to. */
  readonly #open = new Map<Deno.Conn, ControllerProcess>();
  readonly #running: Promise<unknown>;
  readonly #stopping = new AbortController();
  #next = 0;

  constructor() {
    this.url = `https://127.0.0.1:${this.#listener.addr.port}/`;
    this.#running = Promise.all([this.#accept(), this.#probe()]);
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
    for (const [connection, to] of this.#open) if (to === replica) close(connection);
  }

  async #accept(): Promise<void> {
    const pipes = new Set<Promise<void>>();
    for await (const connection of this.#listener) {
      const pipe = this.#connect(connection).finally(() => pipes.delete(pipe));
      pipes.add(pipe);
    }
    await Promise.all(pipes);
  }

  async #connect(connection: Deno.TcpConn): Promise<void> {
    const ready = [...this.#backends].filter(([, isReady]) => isReady);
    const chosen = ready[this.#next++ % ready.length];
    try {
      if (!chosen) return connection.close();
      const port = Number(new URL(chosen[0].webhookUrl).port);
      const backend = await Deno.connect({ hostname: "127.0.0.1", port });
      connection.setNoDelay(true);
      backend.setNoDelay(true);
      this.#open.set(connection, chosen[0]).set(backend, chosen[0]);
      await Promise.allSettled([
        connection.readable.pipeTo(backend.writable),
        backend.readable.pipeTo(connection.writable),
      ]);
      this.#open.delete(connection);
      this.#open.delete(backend);
    } catch {
      connection.close();
    }
  }

  async #probe(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await Promise.all(
        [...this.#backends.keys()].map(async (replica) => {
          const isReady = await isReadyNow(replica);
          if (this.#backends.has(replica)) this.#backends.set(replica, isReady);
        }),
      );
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, PROBE);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    this.#listener.close();
    for (const connection of this.#open.keys()) close(connection);
    await this.#running;
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    // Its peer has ended it already.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

async function isReadyNow(replica: ControllerProcess): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(1_000);
    const response = await fetch(`${replica.healthUrl}/readyz`, { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
