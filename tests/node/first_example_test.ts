import assert from "node:assert/strict";
import { startNodeCluster } from "../support/node_cluster.ts";
import { kubectlOutput } from "../support/kubectl.ts";
import { untilSidecarSet } from "../support/sidecarsets.ts";

function example(file: string): string {
  return new URL(`../../manifests/examples/${file}`, import.meta.url).pathname;
}

Deno.test("the first example runs on a real node", async () => {
  await using cluster = await startNodeCluster({ images: ["centos:7", "nginx:1.15.1"] });
  const { plane, node } = cluster;
  const run = (...args: string[]) => kubectlOutput(args, plane);
  await run("apply", "-f", example("sidecarset.yaml"));
  await run("wait", "--for=condition=Ready", "sidecarset/test-sidecarset", "--timeout=30s");
  await run("apply", "-f", example("pod.yaml"));
  await run("wait", "--for=condition=Ready", "pod/test-pod", "--timeout=60s");
  const shown = await run("get", "pod", "test-pod", "--no-headers", "-o", "wide");
  assert.match(shown, new RegExp(`^test-pod\\s+2/2\\s+Running\\s+0\\s.*\\s${node.name}\\s`));
  const ids = await run(
    ...["get", "pod", "test-pod", "-o"],
    'jsonpath={range .status.containerStatuses[*]}{.name} {.containerID}{"\\n"}{end}',
  );
  assert.match(ids, /^app containerd:\/\/[0-9a-f]{64}\nsidecar1 containerd:\/\/[0-9a-f]{64}\n$/);
  await untilSidecarSet(plane, "test-sidecarset", {
    what: "counts the Pod as matched, ready and updated",
    is: ({ status }) =>
      [status?.matchedPods, status?.readyPods, status?.updatedPods].every((count) => count === 1),
  });
});
