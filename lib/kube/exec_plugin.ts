import * as z from "zod/mini";
import type { Clock } from "../api/clock.ts";
import { problemTexts } from "../api/field_problem.ts";
import { readAs } from "../api/read.ts";
import type { CredentialPlugin, PluginCredential } from "./credentials.ts";
import { Deadline } from "./deadline.ts";
import { CredentialsError } from "./errors.ts";
import type { Host, RunResult } from "./host.ts";

export const execVersions = [
  "client.authentication.k8s.io/v1",
  "client.authentication.k8s.io/v1beta1",
] as const;

/** `users[].user.exec` of a kubeconfig. */
export const execConfig = z.looseObject({
  apiVersion: z.enum(execVersions),
  command: z.string(),
  args: z.optional(z.array(z.string())),
  env: z.optional(z.array(z.looseObject({ name: z.string(), value: z.string() }))),
  installHint: z.optional(z.string()),
  provideClusterInfo: z.optional(z.boolean()),
  interactiveMode: z.optional(z.enum(["Never", "IfAvailable", "Always"])),
});
export type ExecConfig = z.infer<typeof execConfig>;

const execCredential = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal("ExecCredential"),
  status: z.looseObject({
    expirationTimestamp: z.optional(z.string()),
    token: z.optional(z.string()),
    clientCertificateData: z.optional(z.string()),
    clientKeyData: z.optional(z.string()),
  }),
});

export interface ExecPluginOptions {
  host: Pick<Host, "run">;
  clock: Clock;
  /** The cluster as the plugin is told if it asks for it. */
  cluster: Readonly<Record<string, unknown>>;
}

/** A plugin that asks a person or hangs must not hold up the program for ever. */
const TIME_LIMIT = 60_000;

/** Runs a credential plugin (`k8s.io/client-go/plugin/pkg/client/auth/exec`); what it yields is kept until it expires or is refused. */
export class ExecPlugin implements CredentialPlugin {
  readonly #config: ExecConfig;
  readonly #options: ExecPluginOptions;
  #kept: { credential: PluginCredential; until: number } | undefined;
  #running: Promise<PluginCredential> | undefined;

  constructor(config: ExecConfig, options: ExecPluginOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** @throws {CredentialsError} if the plugin fails, takes too long or yields no credential; the message says how to mend it */
  credential(): Promise<PluginCredential> {
    if (this.#kept && this.#options.clock.now().getTime() < this.#kept.until) {
      return Promise.resolve(this.#kept.credential);
    }
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  expire(credential: PluginCredential): void {
    if (this.#kept?.credential === credential) this.#kept = undefined;
  }

  async #run(): Promise<PluginCredential> {
    const { code, stdout, stderr, late } = await this.#output();
    if (late) throw this.#failure(`it did not end within ${TIME_LIMIT / 1000} s`);
    if (code !== 0) {
      const said = stderr.trim().slice(-300);
      throw this.#failure(`it exited with ${code}${said === "" ? "" : `: ${said}`}`);
    }
    const read = readAs(execCredential, this.#parsed(stdout));
    if (!read.ok) {
      throw this.#failure(`its answer is no ExecCredential: ${problemTexts(read.problems)}`);
    }
    if (read.value.apiVersion !== this.#config.apiVersion) {
      throw this.#failure(
        `it answered in ${read.value.apiVersion} where the kubeconfig has ${this.#config.apiVersion}`,
      );
    }
    const { token, clientCertificateData: cert, clientKeyData: key } = read.value.status;
    if (token === undefined && (cert === undefined || key === undefined)) {
      throw this.#failure("its answer has neither a token nor a certificate with its key");
    }
    const credential: PluginCredential = {
      ...(token === undefined ? {} : { token }),
      ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    };
    this.#kept = { credential, until: expiry(read.value.status.expirationTimestamp) };
    return credential;
  }

  async #output(): Promise<RunResult & { late: boolean }> {
    const { command, args = [], env = [] } = this.#config;
    const deadline = new Deadline(TIME_LIMIT, { clock: this.#options.clock });
    try {
      const result = await this.#options.host.run(command, {
        args,
        env: {
          ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(this.#info()),
        },
        signal: deadline.signal,
      });
      return { ...result, late: deadline.hasPassed };
    } catch (cause) {
      const isMissing = cause instanceof Deno.errors.NotFound;
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw this.#failure(isMissing ? "there is no such program" : problem, cause);
    } finally {
      deadline.clear();
    }
  }

  #info() {
    const { apiVersion, provideClusterInfo } = this.#config;
    const cluster = provideClusterInfo ? { cluster: this.#options.cluster } : {};
    return { apiVersion, kind: "ExecCredential", spec: { interactive: false, ...cluster } };
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#failure("its answer is no JSON", cause);
    }
  }

  #failure(problem: string, cause?: unknown): CredentialsError {
    const { command, installHint } = this.#config;
    const hint = installHint ? `. ${installHint.trim()}` : "";
    const message = `Cannot get credentials from ${command}: ${problem}${hint}`;
    return new CredentialsError(message, { cause });
  }
}

/** Milliseconds since the epoch; without a (readable) time a credential serves until it is refused. */
function expiry(timestamp: string | undefined): number {
  const time = timestamp === undefined ? NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? Infinity : time;
}
