import * as z from "zod/mini";
import type { Clock } from "../api/clock.ts";
import { problemTexts } from "../api/problems.ts";
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

interface ExecPluginOptions {
  host: Pick<Host, "run">;
  clock: Clock;
  /** `spec.cluster` of the ExecCredential for a plugin with `provideClusterInfo`. */
  cluster: Readonly<Record<string, unknown>>;
}

/** Ends a plugin that waits for input or hangs. */
const RUN_TIMEOUT_MS = 60_000;

/**
 * Runs a credential plugin (`k8s.io/client-go/plugin/pkg/client/auth/exec`). Its credential is cached until it expires
 * or is rejected.
 */
export class ExecPlugin implements CredentialPlugin {
  readonly #config: ExecConfig;
  readonly #options: ExecPluginOptions;
  #cached: { credential: PluginCredential; expiresAt: number } | undefined;
  #running: Promise<PluginCredential> | undefined;

  constructor(config: ExecConfig, options: ExecPluginOptions) {
    this.#config = config;
    this.#options = options;
  }

  /**
   * The cached credential, or the result of a run.
   *
   * @throws {CredentialsError} if the plugin fails, exceeds its timeout or returns no credential; with the kubeconfig's
   * installHint
   */
  credential(): Promise<PluginCredential> {
    if (this.#cached && this.#options.clock.now().getTime() < this.#cached.expiresAt) {
      return Promise.resolve(this.#cached.credential);
    }
    this.#running ??= this.#run().finally(() => this.#running = undefined);
    return this.#running;
  }

  expire(credential: PluginCredential): void {
    if (this.#cached?.credential === credential) this.#cached = undefined;
  }

  async #run(): Promise<PluginCredential> {
    const { code, stdout, stderr, isLate } = await this.#output();
    if (isLate) throw this.#failure(`it did not end within ${RUN_TIMEOUT_MS / 1000} s`);
    if (code !== 0) {
      const text = stderr.trim().slice(-300);
      throw this.#failure(`it exited with ${code}${text === "" ? "" : `: ${text}`}`);
    }
    const read = readAs(execCredential, this.#parsed(stdout));
    if (!read.ok) {
      throw this.#failure(`its output is not an ExecCredential: ${problemTexts(read.problems)}`);
    }
    if (read.value.apiVersion !== this.#config.apiVersion) {
      throw this.#failure(
        `it answered in ${read.value.apiVersion} where the kubeconfig has ${this.#config.apiVersion}`,
      );
    }
    const { token, clientCertificateData: cert, clientKeyData: key } = read.value.status;
    if (token === undefined && (cert === undefined || key === undefined)) {
      throw this.#failure("its output has neither a token nor a certificate with its key");
    }
    const credential: PluginCredential = {
      ...(token === undefined ? {} : { token }),
      ...(cert === undefined || key === undefined ? {} : { certificate: { cert, key } }),
    };
    this.#cached = { credential, expiresAt: expiry(read.value.status.expirationTimestamp) };
    return credential;
  }

  async #output(): Promise<RunResult & { isLate: boolean }> {
    const { command, args = [], env = [] } = this.#config;
    const deadline = new Deadline(RUN_TIMEOUT_MS, { clock: this.#options.clock });
    try {
      const result = await this.#options.host.run(command, {
        args,
        env: {
          ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(this.#info()),
        },
        signal: deadline.signal,
      });
      return { ...result, isLate: deadline.hasPassed };
    } catch (cause) {
      const isMissing = cause instanceof Deno.errors.NotFound;
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw this.#failure(isMissing ? "the program does not exist" : problem, cause);
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
      throw this.#failure("its output is not JSON", cause);
    }
  }

  #failure(problem: string, cause?: unknown): CredentialsError {
    const { command, installHint } = this.#config;
    const hint = installHint ? `. ${installHint.trim()}` : "";
    const message = `Cannot get credentials from ${command}: ${problem}${hint}`;
    return new CredentialsError(message, { cause });
  }
}

/** Milliseconds since the epoch. Without a valid time the credential is used until it is rejected. */
function expiry(timestamp: string | undefined): number {
  const time = timestamp === undefined ? NaN : Date.parse(timestamp);
  return Number.isNaN(time) ? Infinity : time;
}
