import { eventually } from "./eventually.ts";

/** A running `sidecarset dashboard`. Dispose of it. */
export class DashboardProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: { text: string };
  readonly #reading: Promise<unknown>;
  /** With the token. */
  readonly address: string;

  private constructor(
    child: Deno.ChildProcess,
    { output, reading, address }: {
      output: { text: string };
      reading: Promise<unknown>;
      address: string;
    },
  ) {
    this.#child = child;
    this.#output = output;
    this.#reading = reading;
    this.address = address;
  }

  /** Starts the program on a free port and waits until it has printed its address. */
  static async start(kubeconfig: string, { open = false } = {}): Promise<DashboardProcess> {
    const main = new URL("../../main.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "-P",
        "--no-check",
        main,
        "dashboard",
        ...(open ? [] : ["--no-open"]),
        "--kubeconfig",
        kubeconfig,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = { text: "" };
    const collect = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const bytes of stream) output.text += decoder.decode(bytes, { stream: true });
    };
    const reading = Promise.all([collect(child.stdout), collect(child.stderr)]);
    let hasEnded = false;
    child.status.then(() => hasEnded = true);
    const address = await eventually(() => /http:\S+/.exec(output.text)?.[0], {
      what: "the dashboard prints its address",
      timeout: 60_000,
      unless: () => hasEnded ? `it ended: ${output.text}` : undefined,
    });
    return new DashboardProcess(child, { output, reading, address });
  }

  /** What it has printed. */
  get text(): string {
    return this.#output.text;
  }

  /** The address of a place in the page, for a browser that has entered. */
  at(hash: string): string {
    return new URL(`/${hash}`, this.address).href;
  }

  /** Presses Ctrl-C. @returns the exit status */
  async interrupt(): Promise<number> {
    const { code } = await this.end("SIGINT");
    return code;
  }

  /** Sends a signal, and waits for the end of the process. */
  async end(signal: Deno.Signal): Promise<Deno.CommandStatus> {
    this.#child.kill(signal);
    const status = await this.#child.status;
    await this.#reading;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#reading;
  }
}
