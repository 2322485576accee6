import { INSTALLATION } from "../../api/names.ts";
import { certificatesIn } from "../../core/registration/ca_bundle.ts";
import type { RestClient } from "../../kube/contract.ts";
import { isRetryable } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import type { RenewedAuthority } from "../../runtime/renewal.ts";
import { readIfPresent } from "../cluster/reading.ts";
import { readReplicas } from "../cluster/replicas.ts";
import { listed } from "../terminal/output.ts";
import type { Terminal } from "../terminal/terminal.ts";

const POLL_INTERVAL_MS = 1_000;

interface WaitOptions {
  readonly terminal: Terminal;
  readonly timeoutMs: number;
}

/**
 * Polls until nothing is left to wait for. The API server may be unavailable meanwhile.
 *
 * @param obstacle Describes what is not done yet
 * @returns `done`, `interrupted`, or the obstacle at the timeout.
 */
export function untilDone(
  obstacle: () => Promise<string | undefined>,
  { terminal, timeoutMs }: WaitOptions,
): Promise<string> {
  const deadline = terminal.now().getTime() + timeoutMs;
  let isReported = false;
  return terminal.interruptible(async (signal) => {
    for (;;) {
      const found = await obstacle().catch((error: unknown) => {
        if (isRetryable(error)) return "the API server is unavailable";
        throw error;
      });
      if (found === undefined) return "done";
      if (terminal.now().getTime() >= deadline) return found;
      if (!isReported) terminal.error(`Waiting for up to ${timeoutMs / 1_000} s: ${found}\n`);
      isReported = true;
      await terminal.sleep(POLL_INTERVAL_MS, signal);
      if (signal.aborted) return "interrupted";
    }
  });
}

/** Replicas that publish none but an old serving certificate; undefined without any. */
export async function outdatedReplicas(
  client: RestClient,
  { namespace, old }: { namespace: string; old: ReadonlySet<string | undefined> },
): Promise<string | undefined> {
  const outdated = (await readReplicas(client, namespace))
    .filter(({ certificate }) => certificate === undefined || old.has(certificate));
  if (outdated.length === 0) return undefined;
  return `the old certificate is served by ${listed(outdated.map(({ holder }) => holder))}`;
}

/** Whether a registration still trusts a replaced authority, or does not trust the new one yet. */
export async function stillTrusting(
  client: RestClient,
  { certificate, replaced }: RenewedAuthority,
): Promise<string | undefined> {
  const ref = { name: INSTALLATION };
  const configurations = await Promise.all([
    readIfPresent(client, resources.mutatingWebhookConfigurations, ref),
    readIfPresent(client, resources.validatingWebhookConfigurations, ref),
  ]);
  const bundles = configurations.flatMap((each) => each?.webhooks ?? [])
    .map(({ clientConfig: { caBundle = "" } }) => new Set(certificatesIn(atob(caBundle))));
  if (bundles.length === 0) return "the webhook is not registered";
  const [next] = certificatesIn(certificate);
  if (next === undefined || bundles.some((bundle) => !bundle.has(next))) {
    return "API servers do not trust the new authority yet";
  }
  const old = replaced.flatMap(certificatesIn);
  return bundles.some((bundle) => old.some((each) => bundle.has(each)))
    ? "replicas still serve certificates of the old authority"
    : undefined;
}
