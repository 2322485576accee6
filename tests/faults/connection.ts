import type { JSONValue, RequestOptions, RestClient } from "../../lib/kube/contract.ts";
import { ConnectionError } from "../../lib/kube/errors.ts";

/**
 * The connection of one process to an API server. Once it is cut, no request reaches the server, and writes that are
 * under way take effect without an answer, as when the process is killed.
 */
export class Connection implements RestClient {
  readonly #server: RestClient;
  #isCut = false;

  constructor(server: RestClient) {
    this.#server = server;
  }

  cut(): void {
    this.#isCut = true;
  }

  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  async performRequest(options: RequestOptions): Promise<unknown> {
    this.#requireOpen(options);
    const answer = await this.#server.performRequest(options);
    this.#requireOpen(options);
    return answer;
  }

  #requireOpen({ method, path }: RequestOptions): void {
    if (this.#isCut) throw new ConnectionError({ method, path, problem: "the connection is cut" });
  }
}
