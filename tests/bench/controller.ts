import { freePorts } from "../support/free_port.ts";
import {
  benchKubeconfig,
  deploymentTuning,
  residentMiB,
  startProgram,
  untilReady,
} from "./process.ts";
import type { SimulatedApiInput, SimulatedApiReport } from "./simulated_api.ts";

/** How the program is started. */
export interface Form {
  readonly program: string;
  /** In front of the program's own arguments. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The sources, by `deno run` with the permissions of the executable. */
export const SOURCES: Form = {
  program: Deno.execPath(),
  args: ["run", "--no-check", "--quiet", "-P", new URL("../../main.ts", import.meta.url).pathname],
};

/** A controller that is ready. */
export interface RunningController {
  /** The simulated API server's address. */
  readonly server: string;
  /** The webhook's port. */
  readonly webhook: number;
  readonly readySeconds: number;
  /** Memory in RAM now. */
  residentMiB(): number;
}

/** Starts a controller at a simulated API server with these objects, and ends both after the measurement. */
export async function withController<T>(
  { size, form = SOURCES }: { size: SimulatedApiInput; form?: Form },
  measure: (controller: RunningController) => Promise<T>,
): Promise<T> {
  const api = startProgram<SimulatedApiReport>("simulated_api.ts", size);
  const folder = await Deno.makeTempDir();
  try {
    const { port } = await api.next();
    const server = `http://127.0.0.1:${port}`;
    const kubeconfig = `${folder}/kubeconfig`;
    await Deno.writeTextFile(kubeconfig, benchKubeconfig(server));
    return await run(form, { server, kubeconfig }, measure);
  } finally {
    await api.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function run<T>(
  form: Form,
  { server, kubeconfig }: { server: string; kubeconfig: string },
  measure: (controller: RunningController) => Promise<T>,
): Promise<T> {
  const [webhook = 0, health = 0] = freePorts(2);
  const started = performance.now();
  const child = new Deno.Command(form.program, {
    args: [...form.args, "controller", "--kubeconfig", kubeconfig].concat(
      ["--webhook-url", `https://127.0.0.1:${webhook}/`, "--keep-registration"],
      ["--webhook-port", `${webhook}`, "--health-port", `${health}`],
      ["--webhook-host", "127.0.0.1", "--health-host", "127.0.0.1", "--log-level", "error"],
    ),
    env: { ...deploymentTuning(), ...form.env },
    stdin: "null",
  }).spawn();
  let ended = false;
  try {
    void child.status.then(() => ended = true);
    await untilReady(`http://127.0.0.1:${health}/readyz`, () => ended);
    return await measure({
      server,
      webhook,
      readySeconds: (performance.now() - started) / 1_000,
      residentMiB: () => residentMiB(child.pid),
    });
  } finally {
    if (!ended) child.kill("SIGKILL");
    await child.status;
  }
}
