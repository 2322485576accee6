import type { Clock } from "../api/clock.ts";
import type { CertificateSource } from "../webhook/certificates/source.ts";
import { selfCheck } from "../webhook/self_check.ts";
import type { ReadinessCheck } from "./health.ts";
import type { Watches } from "./watches.ts";

/** Intervals of the calls of the own webhook: until it listens, until it answers, and afterwards. */
const LISTEN_POLL_MS = 20;
const FAILING_CHECK_INTERVAL_MS = 200;
const CHECK_INTERVAL_MS = 10_000;
const CHECK_DEADLINE_MS = 3_000;

interface ReadinessOptions {
  readonly watches: Watches;
  readonly certificates: CertificateSource;
  readonly clock: Clock;
  readonly serverName: string;
  /** Address of the webhook. */
  readonly hostname: string;
  /** Port of the webhook; undefined until it listens. */
  port(): number | undefined;
  /** Whether API servers send reviews here. */
  isReached(): boolean;
  /** Why this process does not write. */
  writeObstacle(): string | undefined;
  readonly stopping: AbortSignal;
}

/** The checks of the readiness probe. */
interface Readiness {
  readonly checks: readonly ReadinessCheck[];
  /** Keeps calling the webhook until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** Readiness: the index is complete, the webhook answers, and API servers know its address. */
export function createReadiness(options: ReadinessOptions): Readiness {
  const { watches, certificates, clock, hostname, serverName, stopping } = options;
  let webhookProblem: string | undefined = "it does not listen yet";
  return {
    checks: [
      { name: "shutdown", check: () => stopping.aborted ? "the process is stopping" : undefined },
      {
        name: "caches",
        check() {
          const kinds = watches.unsynced();
          return kinds.length === 0 ? undefined : `not read yet: ${kinds.join(", ")}`;
        },
      },
      { name: "webhook", check: () => webhookProblem },
      { name: "openkruise", check: options.writeObstacle },
      {
        name: "registration",
        check: () =>
          options.isReached()
            ? undefined
            : "the webhook is not registered yet, or for another address or certificate authority",
      },
      {
        name: "certificate",
        check() {
          const certificate = certificates.current();
          if (!certificate) return "there is none yet";
          return certificate.notAfter > clock.now() ? undefined : "it has expired";
        },
      },
    ],
    async run(signal) {
      while (!signal.aborted) {
        const port = options.port();
        if (port === undefined) {
          await clock.sleep(LISTEN_POLL_MS, signal);
          continue;
        }
        const caBundle = certificates.caBundle();
        webhookProblem = await selfCheck({
          ...{ hostname, port, serverName, caBundle },
          deadlineMs: CHECK_DEADLINE_MS,
        });
        await clock.sleep(
          webhookProblem === undefined ? CHECK_INTERVAL_MS : FAILING_CHECK_INTERVAL_MS,
          signal,
        );
      }
    },
  };
}
