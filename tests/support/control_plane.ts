import type { RestClient } from "../../lib/kube/contract.ts";
import { type AuditedRequest, readAuditLog } from "./audit.ts";
import { type BinaryName, findBinaries } from "./binaries.ts";
import { isPortTaken, launch, type Launched } from "./launch.ts";
import { untilServing } from "./readiness.ts";
import { etcdData, filesOf } from "./servers.ts";

export interface ControlPlaneOptions {
  /** KWOK as the kubelet of some nodes, and the binder in the scheduler's place. @default {true} */
  kubelet?: boolean;
  /** How many nodes there are at first. @default {2} */
  nodes?: number;
  /** kube-controller-manager: Deployments, Jobs, garbage collection. @default {false} */
  controllerManager?: boolean;
  /** With `kubelet`: containers of Jobs end well once they run, but not their sidecars. @default {false} */
  endJobs?: boolean;
  /** Log the controller's requests, for `controllerRequests`. @default {false} */
  audit?: boolean;
  /** Called with progress messages of slow steps. @default writes lines to standard error */
  progress?: (message: string) => void;
  signal?: AbortSignal;
}

/** How often everything is started again with other ports because something else took one. */
const ATTEMPTS = 5;

/**
 * Starts etcd and kube-apiserver, and as asked the kubelet's part and kube-controller-manager, as processes on
 * 127.0.0.1 with a folder of their own. Resolves when all of them are ready. Stop it, or dispose of it; if this
 * process ends before, they end too.
 *
 * @throws {Error} if a program cannot be found or built, or with the end of its log if it does not start; nothing
 * keeps running then
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { kubelet = true, controllerManager = false, signal } = options;
  const names: BinaryName[] = ["etcd", "kube-apiserver"];
  if (kubelet) names.push("kwok");
  if (controllerManager) names.push("kube-controller-manager");
  const binaries = await findBinaries(names, {
    progress: options.progress ?? ((message) => console.error(message)),
    ...(signal ? { signal } : {}),
  });
  for (let attempt = 1;; attempt++) {
    try {
      return new ControlPlane(await launch(binaries, { ...options, kubelet, controllerManager }));
    } catch (error) {
      if (attempt === ATTEMPTS || !isPortTaken(error)) throw error;
    }
  }
}

/** A control plane that runs. */
export class ControlPlane implements AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  /** PEM text of the API server's authority. */
  readonly ca: string;
  /** With everything that the servers keep; `log/` has a file for each. `stop` deletes it. */
  readonly folder: string;
  /** Of a user who may do everything. */
  readonly kubeconfig: string;
  /** Of the controller's user, who may do what RBAC grants it. */
  readonly controllerKubeconfig: string;
  /** As the user who may do everything. */
  readonly client: RestClient;
  readonly #launched: Launched;

  constructor(launched: Launched) {
    const { folder } = launched;
    this.url = launched.url;
    this.ca = launched.ca;
    this.folder = folder;
    this.kubeconfig = filesOf(folder).adminKubeconfig;
    this.controllerKubeconfig = filesOf(folder).controllerKubeconfig;
    this.client = launched.client;
    this.#launched = launched;
  }

  /** Process ids of the servers that run, by their names. */
  get pids(): Partial<Record<BinaryName, number>> {
    return Object.fromEntries(
      this.#launched.servers.flatMap(({ name, pid }) => pid === undefined ? [] : [[name, pid]]),
    );
  }

  async stopApiServer(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.#launched.apiServer.stop(signal);
  }

  /** Starts it again, with what it stored, on the same port. */
  async startApiServer(): Promise<void> {
    const { apiServer, client } = this.#launched;
    apiServer.start();
    await untilServing(apiServer, client);
  }

  async restartApiServer(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    await this.stopApiServer(signal);
    await this.startApiServer();
  }

  /** Copies etcd's data, for which it and the API server stop for a moment. `stop` deletes the copy. */
  async backUp(): Promise<string> {
    const backup = await Deno.makeTempDir({ dir: this.folder, prefix: "backup-" });
    await this.#offline(() => copyFolder(etcdData(this.folder), backup));
    return backup;
  }

  /**
   * Sets etcd back to what it was when the backup was made.
   *
   * @param whileStopped awaited before etcd and the API server start again
   */
  async restore(backup: string, whileStopped?: () => Promise<void>): Promise<void> {
    await this.#offline(async () => {
      await whileStopped?.();
      await Deno.remove(etcdData(this.folder), { recursive: true });
      await Deno.mkdir(etcdData(this.folder), { mode: 0o700 });
      await copyFolder(backup, etcdData(this.folder));
    });
  }

  async #offline(work: () => Promise<void>): Promise<void> {
    await this.stopApiServer();
    await this.#launched.etcd.stop();
    await work();
    this.#launched.etcd.start();
    await this.startApiServer();
  }

  /** From now on the API server answers nothing, though its connections stay. */
  pauseApiServer(): void {
    this.#launched.apiServer.signal("SIGSTOP");
  }

  resumeApiServer(): void {
    this.#launched.apiServer.signal("SIGCONT");
  }

  /** The requests of the controller's user so far, in their order. The control plane was started with `audit`. */
  async controllerRequests(): Promise<AuditedRequest[]> {
    return readAuditLog(await Deno.readTextFile(filesOf(this.folder).auditLog));
  }

  /**
   * Ends everything and removes the folder. A second call does nothing.
   *
   * @throws {Error} if a server had ended before by itself, with the end of its log
   */
  async stop(): Promise<void> {
    const failures = this.#launched.servers.flatMap(({ failure }) => failure ?? []);
    await this.#launched.resources.disposeAsync();
    if (failures.length > 0) throw new Error(failures.join("\n"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("cp", { args: ["-R", `${from}/.`, to] })
    .output();
  if (!success) throw new Error(`Cannot copy ${from}: ${new TextDecoder().decode(stderr)}`);
}
