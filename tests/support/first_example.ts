import { isObject } from "../../lib/api/json.ts";
import type { ControlPlane } from "./control_plane.ts";
import { eventually } from "./eventually.ts";
import { kubectlOutput } from "./kubectl.ts";

const examples = new URL("../../manifests/examples/", import.meta.url).pathname;

/**
 * Plays the first example; all output of `kubectl` comes from the API server.
 *
 * @param report prints the next step
 * @returns the expectations that do not hold, as text
 */
export async function playFirstExample(
  plane: ControlPlane,
  { report }: { report: (message: string) => void },
): Promise<string[]> {
  report("A SidecarSet: every Pod labelled app=nginx gets the container sidecar1");
  await show(plane, "apply", "-f", `${examples}sidecarset.yaml`);
  await show(plane, "wait", "--for=condition=Ready", "sidecarset/test-sidecarset");
  report("A Pod with one container");
  await show(plane, "apply", "-f", `${examples}pod.yaml`);
  await show(plane, "wait", "--for=condition=Ready", "pod/test-pod");
  await eventually(async () => (await statusOf(plane)).readyPods === 1, {
    what: "the SidecarSet counts the Pod",
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
  return await unmetPromises(plane);
}

async function unmetPromises(plane: ControlPlane): Promise<string[]> {
  const pod = await kubectlOutput(["get", "pod", "test-pod", "--no-headers"], plane);
  const names = await kubectlOutput(
    ["get", "pod", "test-pod", "-o", "jsonpath={.spec.containers[*].name}"],
    plane,
  );
  const status = await statusOf(plane);
  const expected = { matchedPods: 1, observedGeneration: 1, readyPods: 1, updatedPods: 1 };
  return [
    ...(/\b2\/2\s+Running\b/.test(pod) ? [] : [`the Pod is not 2/2 Running: ${pod.trim()}`]),
    ...(names === "sidecar1 app" ? [] : [`the Pod's containers are ${names}`]),
    ...Object.entries(expected)
      .filter(([field, value]) => status[field] !== value)
      .map(([field, value]) => `status.${field} is ${status[field]} instead of ${value}`),
  ];
}

async function statusOf(plane: ControlPlane): Promise<Record<string, unknown>> {
  const args = ["get", "sidecarset", "test-sidecarset", "-o", "json"];
  const { status }: { status?: unknown } = JSON.parse(await kubectlOutput(args, plane));
  return isObject(status) ? status : {};
}

/** Prints a kubectl command, as a shell takes it, and what it prints. */
async function show(plane: ControlPlane, ...args: string[]): Promise<void> {
  const words = args.map((arg) => /[^\w./=,:-]/.test(arg) ? `"${arg}"` : arg);
  console.log(`\n$ kubectl ${words.join(" ").replace(examples, "manifests/examples/")}`);
  console.log((await kubectlOutput(args, plane)).trimEnd());
}
