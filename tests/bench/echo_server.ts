import { openSocketTuning } from "../../lib/webhook/socket_tuning.ts";
import { warningLogger } from "./setup.ts";

/** What the servers of this folder read from their standard input. */
export interface ServerInput {
  readonly cert: string;
  readonly key: string;
}

export interface EchoInput extends ServerInput {
  /** The patch to answer, in base64. */
  readonly patch: string;
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

/** What they print once they serve. */
export interface ServerReport {
  readonly port: number;
}

/** The least that a webhook on Deno.serve can do: it parses the review and answers always the same. */
async function main(): Promise<void> {
  const input: EchoInput = await new Response(Deno.stdin.readable).json();
  const { cert, key, patch, auditAnnotations } = input;
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert,
    key,
    onListen() {},
  }, async (request) => {
    const review = await request.json();
    const answer = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid: review.request.uid,
        allowed: true,
        patchType: "JSONPatch",
        patch,
        auditAnnotations,
      },
    };
    return new Response(JSON.stringify(answer), {
      headers: { "content-type": "application/json" },
    });
  });
  openSocketTuning({ logger: warningLogger() }).noDelay(server.addr.port);
  const report: ServerReport = { port: server.addr.port };
  console.log(JSON.stringify(report));
}

if (import.meta.main) await main();
