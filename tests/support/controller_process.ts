import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free_port.ts";
import { Guardian } from "./guardian.ts";
import { chooseLauncher } from "./launcher.ts";
import { Server } from "./server.ts";

export interface ControllerOptions {
  kubeconfig: string;
  /** Flags besides those for addresses, the kubeconfig and the log's format. */
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Milliseconds by which the process's clock is set ahead. @default {0} */
  clockOffset?: number;
  /** Wait until `/readyz` says yes. @default {true} */
  untilReady?: boolean;
  /** Milliseconds for that. @default {120_000} */
  timeout?: number;
}

/** Starting again with other ports helps where something else took one. */
const ATTEMPTS = 3;

/**
 * Starts the controller as its own process, outside the cluster, on free ports of 127.0.0.1. Resolves when it is
 * ready. Dispose of it; it also ends with this process.
 *
 * @throws {Error} with the end of its log if it ends or does not get ready; it is not running then
 */
export async function startController(options: ControllerOptions): Promise<ControllerProcess> {
  for (let attempt = 1;; attempt++) {
    await using resources = new AsyncDisposableStack();
    const controller = resources.use(await ControllerProcess.launch(options));
    try {
      if (options.untilReady ?? true) await controller.untilReady(options.timeout);
      resources.move();
      return controller;
    } catch (error) {
      if (attempt === ATTEMPTS || !/address already in use/i.test(controller.log())) throw error;
    }
  }
}

/** A controller that runs. */
export class ControllerProcess implements AsyncDisposable {
  /** `https://127.0.0.1:PORT/`, what the API server calls. */
  readonly webhookUrl: string;
  /** `http://127.0.0.1:PORT`, where /healthz, /readyz and /metrics are. */
  readonly healthUrl: string;
  readonly #server: Server;
  readonly #guardian: Guardian;

  private constructor(server: Server, options: { guardian: Guardian; ports: readonly number[] }) {
    const [webhookPort, healthPort] = options.ports;
    this.webhookUrl = `https://127.0.0.1:${webhookPort}/`;
    this.healthUrl = `http://127.0.0.1:${healthPort}`;
    this.#server = server;
    this.#guardian = options.guardian;
  }

  /** Starts the process without waiting until it is ready. */
  static async launch(options: ControllerOptions): Promise<ControllerProcess> {
    const { kubeconfig, args = [], env = {}, clockOffset } = options;
    const folder = await Deno.makeTempDir({ prefix: "sidecarset-controller-" });
    await Deno.mkdir(join(folder, "log"));
    const launcher = chooseLauncher();
    const guardian = new Guardian(folder, { finally: launcher.cleanUp });
    const ports = freePorts(2);
    const [webhookPort, healthPort] = ports;
    const launch = await launcher.prepare({
      args: ["controller", "--log-format", "json"]
        .concat(["--webhook-url", `https://127.0.0.1:${webhookPort}/`])
        .concat(["--webhook-port", `${webhookPort}`, "--health-port", `${healthPort}`])
        .concat(["--webhook-host", "127.0.0.1", "--health-host", "127.0.0.1", ...args]),
      env,
      kubeconfig,
      folder,
      ...(clockOffset === undefined ? {} : { clockOffset }),
    });
    const server = new Server("controller", {
      ...launch,
      folder,
      // Longer than its own deadline for an ordered end.
      grace: 30_000,
    });
    server.start();
    return new ControllerProcess(server, { guardian, ports });
  }

  get pid(): number | undefined {
    return this.#server.pid;
  }

  /** Its name among the replicas. */
  get identity(): string {
    const [, identity] = /"message":"Starting".*"identity":"([^"]+)"/.exec(this.log()) ?? [];
    if (identity === undefined) throw new Error("Cannot name a controller that has not started");
    return identity;
  }

  /** Everything that it has logged. */
  log(): string {
    return Deno.readTextFileSync(this.#server.logFile);
  }

  signal(signal: Deno.Signal): void {
    this.#server.signal(signal);
  }

  /** @throws {Error} with the end of its log if it ends, or is not ready in time */
  async untilReady(timeout = 120_000): Promise<void> {
    try {
      await eventually(async () => {
        const response = await fetch(`${this.healthUrl}/readyz`);
        const said = await response.text();
        if (!response.ok) throw new Error(`/readyz answers ${response.status}: ${said.trim()}`);
        return true;
      }, { what: "the controller is ready", timeout, unless: () => this.#server.failure });
    } catch (error) {
      if (!(error instanceof Error) || this.#server.failure !== undefined) throw error;
      throw new Error(`${error.message}; its log ends with\n${this.#server.logTail()}`, {
        cause: error,
      });
    }
  }

  /** Ends the process, after SIGTERM in its own order, and resolves to how it ended. `start` starts it again. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus | undefined> {
    return this.#server.stop(signal);
  }

  /** Starts the process again after `stop`, on the same ports; resolves when it is ready. */
  async start(): Promise<void> {
    this.#server.start();
    await this.untilReady();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop("SIGKILL");
    await this.#guardian.dismiss();
  }
}
