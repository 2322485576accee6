import { isObject, type JsonPatchOperation } from "../../lib/api/json.ts";
import type { Pod } from "../../lib/api/pod.ts";
import { openSocketTuning } from "../../lib/webhook/socket_tuning.ts";
import { type FixedAnswer, operationsOf, warningLogger } from "./setup.ts";

/** What the servers of this folder read from their standard input. */
export interface ServerInput {
  readonly cert: string;
  readonly key: string;
}

export interface EchoInput extends ServerInput, FixedAnswer {
  /** Writes a patch for each Pod, with the least checks, see {@linkcode leastPatch}. @default false */
  readonly injects?: boolean;
}

/** What they print once they serve. */
export interface ServerReport {
  readonly port: number;
}

/**
 * The least that an injector can do: compare a label, look for the names of the container and the volume in the Pod,
 * and write a patch that adds them.
 *
 * @param operations what it adds
 * @returns the patch in base64
 */
function leastPatch(pod: Pod, operations: readonly JsonPatchOperation[]): string {
  if (pod.metadata.labels?.inject !== "yes") return "";
  const { containers, initContainers = [], volumes = [] } = pod.spec;
  const present = new Set<unknown>();
  for (const { name } of [...containers, ...initContainers, ...volumes]) present.add(name);
  const added = operations.filter((operation) =>
    operation.op === "remove" || !isObject(operation.value) || !present.has(operation.value.name)
  );
  return new TextEncoder().encode(JSON.stringify(added)).toBase64();
}

/**
 * The least that a webhook on Deno.serve can do: it parses the review and answers always the same, or what the least
 * injector can.
 */
async function main(): Promise<void> {
  const input: EchoInput = await new Response(Deno.stdin.readable).json();
  const { cert, key, patch, auditAnnotations, injects = false } = input;
  const operations = operationsOf(input);
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
        patch: injects ? leastPatch(review.request.object, operations) : patch,
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
