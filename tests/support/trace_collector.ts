/** One span as OTLP has it, its attributes as texts. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** OTLP's `AnyValue`, of which texts and numbers are of interest. */
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string };
}

interface TracesRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly attributes: readonly Attribute[];
      }[];
    }[];
  }[];
}

/** An OpenTelemetry collector on 127.0.0.1 that keeps the spans that are sent to it by OTLP over HTTP, as JSON. */
export class TraceCollector implements AsyncDisposable {
  readonly spans: Span[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const text = await request.text();
        if (new URL(request.url).pathname === "/v1/traces") this.#take(JSON.parse(text));
        return Response.json({});
      },
    );
  }

  /** Makes a process on Deno send its traces here. */
  get env(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "sidecarset",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
    };
  }

  #take({ resourceSpans }: TracesRequest): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = textsOf(resource.attributes)["service.name"] ?? "";
      for (const { name, attributes } of scopeSpans.flatMap(({ spans }) => spans)) {
        this.spans.push({ service, name, attributes: textsOf(attributes) });
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

function textsOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue ?? ""]),
  );
}
