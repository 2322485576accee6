import { AUTHORITY_SECRET } from "../../api/names.ts";
import type { Secret } from "../../api/objects.ts";
import { update } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import {
  type RenewedAuthority,
  withNewAuthority,
  withRenewalRequest,
} from "../../runtime/renewal.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import { readIfPresent } from "../cluster/reading.ts";
import { readReplicas } from "../cluster/replicas.ts";
import { type DryRun, dryRunNote } from "../command_line/options.ts";
import { readDeployment, servesFiles } from "../doctor/facts.ts";
import { wrapped } from "../terminal/output.ts";
import { CliError } from "../terminal/terminal.ts";
import { outdatedReplicas, stillTrusting, untilDone } from "./progress.ts";

/** Flags of `sidecarset certificates renew`, as the command line gives them. */
export interface RenewOptions extends ClusterOptions {
  /** Replace the certificate authority, too. */
  readonly authority?: boolean;
  /** Do not ask for confirmation. */
  readonly yes?: boolean;
  /** Seconds to wait for all replicas. */
  readonly timeout: number;
  readonly dryRun: DryRun;
  readonly systemNamespace: string;
}

/**
 * Makes all replicas renew their certificates, and waits until they have.
 *
 * @returns 0; 1 if not confirmed or not finished in time; 130 if interrupted.
 * @throws {CliError} if the certificates are not the controller's own.
 */
export async function renewCommand(options: RenewOptions, live: Live): Promise<number> {
  const { terminal, connection: { client, now } } = live;
  const { authority = false, dryRun, systemNamespace: namespace } = options;
  const secret = await readSecret(options, live);
  const replicas = await readReplicas(client, namespace);
  if (!authority && replicas.length === 0) {
    throw new CliError(
      `Cannot renew: no replica of the controller runs in namespace ${namespace}; ` +
        "each issues a new serving certificate when it starts",
    );
  }
  if (dryRun !== "client" && !isConfirmed(options, live)) return 1;
  const renewed = authority ? await withNewAuthority(secret, now()) : undefined;
  if (authority && renewed === undefined) throw unusable(namespace);
  const body = renewed?.secret ?? withRenewalRequest(secret, now());
  if (dryRun !== "client") {
    const ref = { name: AUTHORITY_SECRET, namespace };
    await send(client, update(resources.secrets, { ...ref, body, dryRun: dryRun === "server" }));
  }
  const what = authority ? "new certificate authority stored" : "renewal requested";
  terminal.write(`secret/${AUTHORITY_SECRET} ${what}${dryRunNote(dryRun)}\n`);
  if (dryRun !== "none") return 0;
  const old = new Set(replicas.map(({ certificate }) => certificate));
  return await waitFor(renewed, { old, options, live });
}

async function readSecret(
  { systemNamespace: namespace }: RenewOptions,
  { connection: { client } }: Live,
): Promise<Secret> {
  const deployment = await readDeployment(client, namespace);
  if (servesFiles({ deployment })) {
    throw new CliError(
      "Cannot renew: the webhook's certificate comes from files (--cert-dir) that another program " +
        `writes; with cert-manager, renew it with: cmctl renew sidecarset-webhook -n ${namespace} ` +
        `(the authority first: cmctl renew sidecarset-ca -n ${namespace})`,
    );
  }
  const found = await readIfPresent(client, resources.secrets, {
    name: AUTHORITY_SECRET,
    namespace,
  });
  if (found !== undefined) return found;
  throw new CliError(
    `Cannot renew: Secret ${namespace}/${AUTHORITY_SECRET} does not exist; select the namespace ` +
      "of the controller with --system-namespace, or find why it has none with: sidecarset doctor",
  );
}

function unusable(namespace: string): CliError {
  return new CliError(
    `Cannot renew: Secret ${namespace}/${AUTHORITY_SECRET} has no usable authority; ` +
      "the controller stores another one within seconds: run the command again",
  );
}

/** Asks unless `--yes` is given; a server dry run needs no confirmation. */
function isConfirmed({ authority, yes, dryRun }: RenewOptions, { terminal }: Live): boolean {
  if (yes || dryRun === "server") return true;
  const what = authority
    ? "Replace the webhook's certificate authority and all serving certificates?"
    : "Replace the serving certificates of all replicas?";
  const answer = terminal.confirm(what);
  if (answer === undefined) {
    throw new CliError("Cannot ask for confirmation: standard input is no terminal; add --yes");
  }
  if (!answer) terminal.error("Nothing was changed.\n");
  return answer;
}

async function waitFor(
  renewed: RenewedAuthority | undefined,
  { old, options, live }: {
    /** Fingerprints of the certificates from before the renewal. */
    old: ReadonlySet<string | undefined>;
    options: RenewOptions;
    live: Live;
  },
): Promise<number> {
  const { terminal, connection: { client } } = live;
  const { timeout, systemNamespace: namespace } = options;
  const obstacle = renewed === undefined
    ? () => outdatedReplicas(client, { namespace, old })
    : () => stillTrusting(client, renewed);
  const outcome = await untilDone(obstacle, { terminal, timeoutMs: timeout * 1_000 });
  if (outcome === "interrupted") return 130;
  if (outcome === "done") {
    terminal.write(
      renewed === undefined
        ? "Every replica serves a new certificate.\n"
        : "Every replica serves a certificate of the new authority; the old one is not trusted any more.\n",
    );
    return 0;
  }
  const lines = wrapped(
    `Not finished after ${timeout} s: ${outcome}. The replicas continue without this command; ` +
      `check them with: ${terminal.program} doctor`,
    0,
  );
  terminal.error(`${lines.join("\n")}\n`);
  return 1;
}
