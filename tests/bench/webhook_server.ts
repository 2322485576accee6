import { systemClock } from "../../lib/runtime/clock.ts";
import { openSocketTuning } from "../../lib/webhook/socket_tuning.ts";
import { startServer } from "../../lib/webhook/server.ts";
import type { ServerInput, ServerReport } from "./echo_server.ts";
import { admissionOver, admissionWith, type FixedAnswer, warningLogger } from "./setup.ts";

export interface WebhookInput extends ServerInput {
  readonly sidecarSets: number;
  /** Decides always the same, so that the rest of the webhook is measured. */
  readonly answer?: FixedAnswer;
}

/** The webhook as the controller serves it, over an index that was filled beforehand. */
async function main(): Promise<void> {
  const { cert, key, sidecarSets, answer }: WebhookInput = await new Response(
    Deno.stdin.readable,
  ).json();
  const logger = warningLogger();
  const { port } = startServer({ cert, key }, {
    handler: answer ? admissionWith(answer) : admissionOver({ sidecarSets }),
    hostname: "127.0.0.1",
    port: 0,
    sockets: openSocketTuning({ logger }),
    clock: systemClock(),
    logger,
  });
  const report: ServerReport = { port };
  console.log(JSON.stringify(report));
}

if (import.meta.main) await main();
