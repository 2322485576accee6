import { systemClock } from "../../lib/runtime/clock.ts";
import { ALLOWED } from "../../lib/webhook/decisions.ts";
import { startServer } from "../../lib/webhook/server.ts";
import { UNTUNED } from "../../lib/webhook/socket_tuning.ts";
import { quietLogger } from "../support/quiet_logger.ts";
import { handlerWith } from "../webhook/fixtures.ts";
import { createTestPki } from "../webhook/tls_fixtures.ts";

/**
 * A separate process: serves reviews that wait as for a namespace that is read, and prints its port and its
 * authority.
 */
const pki = await createTestPki();
const clock = systemClock();
const server = startServer(await pki.issue(), {
  handler: handlerWith({
    // A busy machine must not decide by its slowness.
    bodyDeadlineMs: 60_000,
    reviews: {
      async mutatePod() {
        await clock.sleep(500);
        return ALLOWED;
      },
    },
  }),
  hostname: "127.0.0.1",
  port: 0,
  sockets: UNTUNED,
  clock,
  logger: quietLogger,
});
console.log(JSON.stringify({ port: server.port, ca: pki.authority.cert }));
