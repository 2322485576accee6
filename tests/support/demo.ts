import { isObject } from "../../lib/api/json.ts";
import { type ControlPlane, startControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";
import { installAndStart } from "./installation.ts";
import { kubectlOutput } from "./kubectl.ts";

const examples = new URL("../../manifests/examples/", import.meta.url).pathname;
const started = performance.now();

/**
 * Plays the first example on a real control plane: everything that `kubectl` prints comes from its API server. With `--once` it ends when it
 * has checked what it promises, else it stays up until Ctrl-C.
 *
 * @returns The exit status.
 */
async function demo(args: readonly string[]): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => interrupted.abort());
  }
  const { signal } = interrupted;
  try {
    tell("Starting etcd, kube-apiserver, kube-controller-manager and KWOK as the kubelet");
    await using plane = await startControlPlane({
      controllerManager: true,
      progress: tell,
      signal,
    });
    tell("Installing the CustomResourceDefinition and the roles, starting the controller");
    await using controller = await installAndStart(plane);
    await play(plane);
    const problems = await unmetPromises(plane);
    for (const problem of problems) tell(`NOT AS PROMISED: ${problem}`);
    if (problems.length === 0) tell("Everything is as promised");
    if (!args.includes("--once") && !signal.aborted) await stayUp(plane, signal);
    tell("Ending the controller and the control plane");
    await controller.stop();
    return problems.length === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    tell("Interrupted: everything that was started has been ended");
    return 130;
  }
}

async function play(plane: ControlPlane): Promise<void> {
  tell("A SidecarSet: every Pod labelled app=nginx gets the container sidecar1");
  await show(plane, "apply", "-f", `${examples}sidecarset.yaml`);
  await show(plane, "wait", "--for=condition=Ready", "sidecarset/test-sidecarset");
  tell("A Pod with one container");
  await show(plane, "apply", "-f", `${examples}pod.yaml`);
  await show(plane, "wait", "--for=condition=Ready", "pod/test-pod");
  await eventually(async () => (await statusOf(plane)).readyPods === 1, {
    what: "the SidecarSet counts the Pod",
    timeout: 10_000,
  });
  await show(plane, "get", "pod", "test-pod");
  await show(
    plane,
    "get",
    "pod",
    "test-pod",
    "-o",
    "jsonpath={range .spec.containers[*]}{.name}{'\\t'}{.image}{'\\n'}{end}",
  );
  await show(plane, "get", "sidecarset", "-o", "wide");
}

/** What the first example promises and is not so. */
async function unmetPromises(plane: ControlPlane): Promise<string[]> {
  const pod = await kubectlOutput(["get", "pod", "test-pod", "--no-headers"], plane);
  const names = await kubectlOutput(
    ["get", "pod", "test-pod", "-o", "jsonpath={.spec.containers[*].name}"],
    plane,
  );
  const status = await statusOf(plane);
  const wanted = { matchedPods: 1, observedGeneration: 1, readyPods: 1, updatedPods: 1 };
  return [
    ...(/\b2\/2\s+Running\b/.test(pod) ? [] : [`the Pod is not 2/2 Running: ${pod.trim()}`]),
    ...(names === "sidecar1 app" ? [] : [`the Pod's containers are ${names}`]),
    ...Object.entries(wanted)
      .filter(([field, value]) => status[field] !== value)
      .map(([field, value]) => `status.${field} is ${status[field]} instead of ${value}`),
  ];
}

async function statusOf(plane: ControlPlane): Promise<Record<string, unknown>> {
  const args = ["get", "sidecarset", "test-sidecarset", "-o", "json"];
  const { status }: { status?: unknown } = JSON.parse(await kubectlOutput(args, plane));
  return isObject(status) ? status : {};
}

async function stayUp(plane: ControlPlane, signal: AbortSignal): Promise<void> {
  tell("The control plane stays up until Ctrl-C. In another terminal:");
  console.log(`\n  export KUBECONFIG=${plane.kubeconfig}\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Prints a kubectl command and what it prints. */
async function show(plane: ControlPlane, ...args: string[]): Promise<void> {
  console.log(`\n$ kubectl ${args.join(" ").replace(examples, "manifests/examples/")}`);
  console.log((await kubectlOutput(args, plane)).trimEnd());
}

function tell(message: string): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1).padStart(6);
  console.log(`\n[${seconds} s] ${message}`);
}

if (import.meta.main) Deno.exit(await demo(Deno.args));
