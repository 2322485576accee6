import { join } from "node:path";

export interface ServerOptions {
  program: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The folder whose `log/` and `run/` have the process's output and, while it runs, its id. */
  folder: string;
  /** How long it may take to end by itself before it is killed, in milliseconds. @default {10_000} */
  grace?: number;
}

/**
 * One program that the tests use: its process, which may be started again after it was stopped, and its log.
 */
export class Server implements AsyncDisposable {
  readonly name: string;
  readonly logFile: string;
  readonly #options: ServerOptions;
  #child: Deno.ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #status: Deno.CommandStatus | undefined;

  constructor(name: string, options: ServerOptions) {
    this.name = name;
    this.logFile = join(options.folder, "log", `${name}.log`);
    this.#options = options;
  }

  /**
   * Starts the process, in its own session: a Ctrl-C that is meant for this process must not end it out of turn.
   */
  start(): void {
    if (this.#child) throw new Error(`Cannot start ${this.name}: it runs already`);
    const { program, args, env = {}, folder } = this.#options;
    const child = new Deno.Command("sh", {
      args: ["-c", 'exec "$@" >>"$0" 2>&1', this.logFile, program, ...args],
      env: { ...env },
      stdin: "null",
      detached: true,
    }).spawn();
    const idFile = join(folder, "run", `${this.name}.pid`);
    Deno.writeTextFileSync(idFile, String(child.pid));
    this.#child = child;
    this.#status = undefined;
    this.#ended = child.status.then((status) => {
      this.#status = status;
      Deno.removeSync(idFile);
    });
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#status === undefined ? this.#child?.pid : undefined;
  }

  /** Says how the process ended if it was not stopped; undefined while it runs. */
  get failure(): string | undefined {
    if (this.#status === undefined) return undefined;
    const { code, signal } = this.#status;
    const how = signal ? `by ${signal}` : `with status ${code}`;
    return `${this.name} ended ${how}; its log ends with\n${this.logTail()}`;
  }

  /** The last lines of the log. */
  logTail(lines = 15): string {
    return Deno.readTextFileSync(this.logFile).trimEnd().split("\n").slice(-lines).join("\n");
  }

  signal(signal: Deno.Signal): void {
    if (this.#child && this.#status === undefined) this.#child.kill(signal);
  }

  /**
   * Ends the process and waits until it has ended; after any signal but SIGKILL it has some seconds to end in order.
   *
   * @returns How it ended; undefined if it did not run.
   */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus | undefined> {
    this.signal(signal);
    // What SIGSTOP halted sees no SIGTERM before it goes on.
    this.signal("SIGCONT");
    const { grace = 10_000 } = this.#options;
    const timer = setTimeout(() => this.signal("SIGKILL"), grace);
    await this.#ended;
    clearTimeout(timer);
    const status = this.#status;
    this.#child = undefined;
    this.#status = undefined;
    return status;
  }

  /** At the end of a test there is nothing to put in order. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }
}
