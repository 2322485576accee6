import { createLogger } from "../../runtime/log.ts";
import { systemClock } from "../../runtime/clock.ts";
import type { ClusterOptions, Live } from "../cluster/connection.ts";
import { excludedNamespacesOf, type ExclusionOptions } from "../cluster/known_cluster.ts";
import { CliError } from "../terminal/terminal.ts";
import { createGuard } from "./guard.ts";
import { createLiveView } from "../../runtime/live_view.ts";
import { createHandler } from "./server.ts";

/** Flags of `sidecarset dashboard`, as the command line gives them. */
export interface DashboardOptions extends ClusterOptions, ExclusionOptions {
  /** 0 means any free port. */
  readonly port: number;
  readonly readOnly?: boolean;
  /** Open the page in the browser. */
  readonly open: boolean;
}

/**
 * Serves the dashboard on the loopback address until Ctrl-C.
 *
 * @returns 0.
 * @throws {CliError} if the port cannot be listened on.
 */
export function dashboardCommand(options: DashboardOptions, live: Live): Promise<number> {
  const { terminal } = live;
  return terminal.interruptible(async (interrupted) => {
    const signal = AbortSignal.any([interrupted, terminal.closed]);
    await serve(options, { live, signal });
    return 0;
  });
}

async function serve(
  options: DashboardOptions,
  { live, signal }: { live: Live; signal: AbortSignal },
): Promise<void> {
  const { terminal, connection } = live;
  const clock = systemClock();
  const view = createLiveView({
    client: connection.client,
    clock,
    // The page shows what cannot be read.
    logger: createLogger({
      level: "error",
      format: "text",
      write: terminal.error,
      now: terminal.now,
    }),
    systemNamespace: options.systemNamespace,
    excludedNamespaces: excludedNamespacesOf(options, []),
  });
  const guard = createGuard(() => server.addr.port);
  const handler = createHandler({
    guard,
    view,
    context: { ...live, options },
    clock,
    clusterName: connection.context ?? "",
    isReadOnly: options.readOnly === true,
    signal,
  });
  const server = listen(options.port, handler);
  const address = `http://127.0.0.1:${server.addr.port}${guard.entrance}`;
  terminal.write(`Serving the dashboard; it ends with Ctrl-C. Open:\n  ${address}\n`);
  if (options.open) await openBrowser(address);
  await view.run(signal);
  await server.shutdown();
}

function listen(port: number, handler: (request: Request) => Promise<Response>) {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new CliError(
      `Cannot listen on port ${port}: another process uses it; choose another --port`,
    );
  }
}

/** Opens the page where that is possible; the address is printed in any case. */
async function openBrowser(address: string): Promise<void> {
  const opener = Deno.build.os === "darwin" ? "open" : "xdg-open";
  try {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    await new Deno.Command(opener, { args: [address], ...quiet }).output();
  } catch {
    // There is no such program, for example on a server.
  }
}
