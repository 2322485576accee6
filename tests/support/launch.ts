import type { RestClient } from "../../lib/kube/contract.ts";
import { findCluster } from "../../lib/kube/cluster.ts";
import { denoHost } from "../../lib/kube/host.ts";
import { FetchClient } from "../../lib/kube/transport.ts";
import { systemClock } from "../../lib/runtime/clock.ts";
import type { Binaries, BinaryName } from "./binaries.ts";
import { bindPods } from "./binder.ts";
import { newUsers, writeKubeconfigs, writeServerFiles } from "./control_plane_files.ts";
import { freePorts } from "./free_port.ts";
import { Guardian } from "./guardian.ts";
import { endJobs } from "./job_programs.ts";
import { createNodes } from "./nodes.ts";
import { quietLogger } from "./quiet_logger.ts";
import { untilControllersRun, untilNodesReady, untilServing } from "./readiness.ts";
import { Server } from "./server.ts";
import { apiServerArgs, controllerManagerArgs, etcdArgs, filesOf, kwokArgs } from "./servers.ts";

export interface LaunchOptions {
  kubelet: boolean;
  nodes?: number;
  controllerManager: boolean;
  audit?: boolean;
  endJobs?: boolean;
  signal?: AbortSignal;
}

/** Servers that run, and what is needed to use and to end them. */
export interface Launched {
  readonly folder: string;
  readonly url: string;
  readonly ca: string;
  readonly client: RestClient;
  readonly etcd: Server;
  readonly apiServer: Server;
  readonly servers: readonly Server[];
  /** Everything that has to be ended, in its order. */
  readonly resources: AsyncDisposableStack;
}

/** Processors are scarce and memory is not: fewer garbage collections make a start a fifth cheaper. */
const SERVER_ENV = { GOGC: "400" };

/**
 * Starts the servers once, on ports that are free now.
 *
 * @throws {Error} if one does not start (by `isPortTaken`, another attempt may help); what was started has
 * been ended then
 */
export async function launch(binaries: Binaries, options: LaunchOptions): Promise<Launched> {
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-" });
  const guardian = new Guardian(folder);
  resources.defer(() => guardian.dismiss());
  const users = newUsers();
  await writeServerFiles(folder, users);
  const layout = { folder, ports: choosePorts() };
  const url = `https://127.0.0.1:${layout.ports.api}`;
  await writeKubeconfigs(folder, { users, server: url });

  const servers: Server[] = [];
  const start = (name: BinaryName, args: string[]) => {
    options.signal?.throwIfAborted();
    const program = binaries.path(name);
    const server = resources.use(new Server(name, { program, args, folder, env: SERVER_ENV }));
    servers.push(server);
    server.start();
    return server;
  };
  const etcd = start("etcd", etcdArgs(layout));
  const { controllerManager, audit = false } = options;
  const apiServer = start("kube-apiserver", apiServerArgs({ ...layout, controllerManager, audit }));
  const client = await clientOf(filesOf(folder).adminKubeconfig);
  resources.defer(() => client.close());
  await untilServing(apiServer, client);
  if (controllerManager) {
    const args = controllerManagerArgs(layout);
    await untilControllersRun(start("kube-controller-manager", args), client);
  }
  if (options.kubelet) {
    const kwok = start("kwok", kwokArgs(layout));
    const nodes = await createNodes(client, options.nodes ?? 2);
    await untilNodesReady(kwok, client);
    const stopped = new AbortController();
    const { signal } = stopped;
    const working = [bindPods({ client, nodes, signal })];
    if (options.endJobs) working.push(endJobs(client, signal));
    resources.defer(async () => {
      stopped.abort();
      await Promise.all(working);
    });
  }
  const ca = await Deno.readTextFile(filesOf(folder).ca);
  return { folder, url, ca, client, etcd, apiServer, servers, resources: resources.move() };
}

/** Whether a server could not start because something else listens on its port. */
export function isPortTaken(error: unknown): boolean {
  return error instanceof Error && error.message.includes("address already in use");
}

function choosePorts() {
  const [etcd = 0, etcdPeer = 0, api = 0, controllerManager = 0] = freePorts(4);
  return { etcd, etcdPeer, api, controllerManager };
}

/** A client with the credentials of a kubeconfig. Close it. */
export async function clientOf(kubeconfig: string): Promise<FetchClient> {
  const clock = systemClock();
  const cluster = await findCluster({ host: denoHost(), clock, logger: quietLogger, kubeconfig });
  return new FetchClient({ cluster, clock, userAgent: "sidecarset-tests" });
}
