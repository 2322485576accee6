import type {
  JSONValue,
  KubernetesTunnel,
  RequestOptions,
  RestClient,
} from "../../lib/kube/contract.ts";

/** A client of the contract that has nothing of ours: one list, a watch with an event, then one that is answered 410 in a plain error. */
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
