import type { JSONValue, RequestOptions, RestClient } from "../../lib/kube/contract.ts";

/** What `kubernetes-client` 0.8 answers for `exec`, `attach` and `portforward`. */
interface KubernetesTunnel {
  readonly subProtocol: string;
  close(): Promise<void>;
}

/**
 * A client with all overloads of `kubernetes-client` 0.8 and none of the extensions: one list, a watch with an event,
 * then one that is answered 410 in a plain error.
 */
export class ForeignClient implements RestClient {
  readonly asked: string[] = [];
  #watches = 0;

  performRequest(options: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    options: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    options: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(options: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(options: RequestOptions): Promise<Uint8Array>;
  performRequest({ path, querystring, expectStream }: RequestOptions): Promise<unknown> {
    this.asked.push(`${path}?${querystring}`);
    const object = (name: string, resourceVersion: string) => ({
      metadata: { name, namespace: "default", resourceVersion },
    });
    if (!expectStream) {
      const page = { metadata: { resourceVersion: "1" }, items: [object("a", "1")] };
      return Promise.resolve(page);
    }
    switch (this.#watches++) {
      case 0:
        return Promise.resolve(ReadableStream.from([{ type: "ADDED", object: object("b", "2") }]));
      case 1:
        return Promise.reject(Object.assign(new Error("too old"), { httpCode: 410 }));
      default:
        return Promise.resolve(new ReadableStream());
    }
  }
}
