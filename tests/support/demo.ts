import { playTutorial } from "./chapter/demo.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { DashboardProcess } from "./dashboard_process.ts";
import { playFirstExample } from "./first_example.ts";
import { installAndStart } from "./installation.ts";
import { makePrograms } from "./programs.ts";
import { takesScreenshots } from "./screenshots.ts";

const started = performance.now();

/** What a demo gets in addition to the control plane. */
interface Scene {
  /** Prints the next step, with the seconds since the start. */
  report(message: string): void;
  /** The folder with `kubectl` and `sidecarset`. */
  readonly programs: string;
  /** Write the real outputs to the document that is played. */
  readonly update: boolean;
  readonly signal: AbortSignal;
  /** Called after each command of a tutorial. */
  afterCommand?(command: string): Promise<void>;
}

/** Demos by name. Each plays on a control plane and resolves to the expectations that do not hold. */
const DEMOS: Readonly<Record<string, (plane: ControlPlane, scene: Scene) => Promise<string[]>>> = {
  first: playFirstExample,
  guestbook: playTutorial,
};

/**
 * Plays a demo on a real control plane. With `--once` it ends after the demo, else it stays up until Ctrl-C. With
 * `--dashboard` it opens the dashboard; with `--screenshots` it takes the pictures of it that the documents show.
 *
 * @returns the exit status
 */
async function demo(args: readonly string[]): Promise<number> {
  const [name = "first"] = args.filter((arg) => !arg.startsWith("--"));
  const play = DEMOS[name];
  if (play === undefined) {
    console.error(`Cannot play ${name}: there are ${Object.keys(DEMOS).join(" and ")}`);
    return 2;
  }
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.abort());
  }
  const { signal } = interrupted;
  try {
    report("Starting etcd, kube-apiserver, kube-controller-manager and KWOK as the kubelet");
    await using plane = await startControlPlane({
      controllerManager: true,
      endJobs: true,
      progress: report,
      signal,
    });
    report("Installing the CustomResourceDefinition and the roles, starting the controller");
    await using controller = await installAndStart(plane);
    const programs = await makePrograms(plane.folder);
    const update = args.includes("--update");
    await using dashboard = args.includes("--dashboard")
      ? await DashboardProcess.start(plane.kubeconfig, { open: true })
      : undefined;
    if (dashboard) report(`The dashboard: ${dashboard.address}`);
    const scene = { report, programs, update, signal };
    const problems = await play(plane, {
      ...scene,
      ...(args.includes("--screenshots") ? { afterCommand: takesScreenshots(plane) } : {}),
    });
    for (const problem of problems) report(`FAILED: ${problem}`);
    if (problems.length === 0) report("Every expectation holds");
    if (!args.includes("--once") && !signal.aborted) await stayUp({ plane, programs, signal });
    report("Ending the controller and the control plane");
    await controller.stop();
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    report("Interrupted: all processes have ended");
    return 130;
  }
}

async function stayUp(
  { plane, programs, signal }: Pick<Scene, "programs" | "signal"> & { plane: ControlPlane },
): Promise<void> {
  report("The control plane stays up until Ctrl-C. In another terminal:");
  console.log(`\n  export KUBECONFIG=${plane.kubeconfig}`);
  console.log(`  export PATH=${programs}:$PATH    # kubectl, sidecarset and kubectl sidecarset\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function report(message: string): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1).padStart(6);
  console.log(`\n[${seconds} s] ${message}`);
}

if (import.meta.main) Deno.exit(await demo(Deno.args));
