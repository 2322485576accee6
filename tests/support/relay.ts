/** A connection through a relay, seen from both of its ends. */
interface Pair {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
  readonly port: number;
  /** Resolves when what the connection holds back may pass. */
  silence?: PromiseWithResolvers<void>;
}

/**
 * Passes TCP connections on to ports of 127.0.0.1, each to the one that is chosen when it comes; may fall silent, as
 * a network does.
 */
export class Relay implements AsyncDisposable {
  readonly port: number;
  readonly #choose: () => number | undefined;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Pair>();
  readonly #accepting: Promise<void>;
  #silence: PromiseWithResolvers<void> | undefined;

  /** @param choose Gives the port for a connection; undefined ends the connection at once. */
  constructor(choose: () => number | undefined) {
    this.#choose = choose;
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept();
  }

  /** From now on nothing gets through, in either direction, though connections stay and new ones can be made. */
  silence(): void {
    this.#silence ??= Promise.withResolvers();
  }

  /** From now on nothing gets through the connections that are open, which stay so; new ones are as ever. */
  silenceOpen(): void {
    for (const pair of this.#open) pair.silence ??= Promise.withResolvers();
  }

  /** Lets everything through again, what was held back first. */
  resume(): void {
    this.#silence?.resolve();
    this.#silence = undefined;
    for (const pair of this.#open) {
      pair.silence?.resolve();
      delete pair.silence;
    }
  }

  /** Ends the connections that lead to a port. */
  end(port: number): void {
    for (const pair of this.#open) if (pair.port === port) close(pair);
  }

  async #accept(): Promise<void> {
    const passing = new Set<Promise<void>>();
    for await (const connection of this.#listener) {
      const pass = this.#pass(connection).finally(() => passing.delete(pass));
      passing.add(pass);
    }
    await Promise.all(passing);
  }

  async #pass(client: Deno.TcpConn): Promise<void> {
    const port = this.#choose();
    if (port === undefined) return client.close();
    let pair: Pair;
    try {
      pair = { client, server: await Deno.connect({ hostname: "127.0.0.1", port }), port };
    } catch {
      return client.close();
    }
    const { server } = pair;
    this.#open.add(pair);
    for (const connection of [client, server]) connection.setNoDelay(true);
    await Promise.allSettled([
      client.readable.pipeThrough(this.#gate(pair)).pipeTo(server.writable),
      server.readable.pipeThrough(this.#gate(pair)).pipeTo(client.writable),
    ]);
    this.#open.delete(pair);
  }

  #gate(pair: Pair): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    return new TransformStream({
      transform: async (chunk, controller) => {
        for (let silence; (silence = this.#silence ?? pair.silence);) await silence.promise;
        controller.enqueue(chunk);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume();
    this.#listener.close();
    for (const pair of this.#open) close(pair);
    await this.#accepting;
  }
}

function close({ client, server }: Pair): void {
  for (const connection of [client, server]) {
    try {
      connection.close();
    } catch (error) {
      // Its peer has ended it already.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }
}
