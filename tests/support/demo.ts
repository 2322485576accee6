import { playTutorial } from "./chapter/demo.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { playFirstExample } from "./first_example.ts";
import { installAndStart } from "./installation.ts";
import { makePrograms } from "./programs.ts";

const started = performance.now();

/** What a demo has besides the control plane. */
interface Scene {
  /** Says what comes next. */
  tell(message: string): void;
  /** The folder with `kubectl` and `sidecarset`. */
  readonly programs: string;
  /** Write what is printed into the text that says what is printed. */
  readonly update: boolean;
  readonly signal: AbortSignal;
}

/** Each plays on a control plane, and resolves to what is not as promised. */
const DEMOS: Readonly<Record<string, (plane: ControlPlane, scene: Scene) => Promise<string[]>>> = {
  first: playFirstExample,
  guestbook: playTutorial,
};

/**
 * Plays a demo on a real control plane. With `--once` it ends when it has checked what the demo promises, else it stays up until Ctrl-C.
 *
 * @returns The exit status.
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
    tell("Starting etcd, kube-apiserver, kube-controller-manager and KWOK as the kubelet");
    await using plane = await startControlPlane({
      controllerManager: true,
      endJobs: true,
      progress: tell,
      signal,
    });
    tell("Installing the CustomResourceDefinition and the roles, starting the controller");
    await using controller = await installAndStart(plane);
    const programs = await makePrograms(plane.folder);
    const update = args.includes("--update");
    const problems = await play(plane, { tell, programs, update, signal });
    for (const problem of problems) tell(`NOT AS PROMISED: ${problem}`);
    if (problems.length === 0) tell("Everything is as promised");
    if (!args.includes("--once") && !signal.aborted) await stayUp({ plane, programs, signal });
    tell("Ending the controller and the control plane");
    await controller.stop();
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    tell("Interrupted: everything that was started has been ended");
    return 130;
  }
}

async function stayUp(
  { plane, programs, signal }: Pick<Scene, "programs" | "signal"> & { plane: ControlPlane },
): Promise<void> {
  tell("The control plane stays up until Ctrl-C. In another terminal:");
  console.log(`\n  export KUBECONFIG=${plane.kubeconfig}`);
  console.log(`  export PATH=${programs}:$PATH    # kubectl, sidecarset and kubectl sidecarset\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function tell(message: string): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1).padStart(6);
  console.log(`\n[${seconds} s] ${message}`);
}

if (import.meta.main) Deno.exit(await demo(Deno.args));
