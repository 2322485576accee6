import assert from "node:assert/strict";
import { join } from "node:path";
import * as z from "zod/mini";
import { findControlGroups } from "../support/control_groups.ts";
import { eventually } from "../support/eventually.ts";
import { startOtherProcess } from "../support/other_process.ts";

const startedElsewhere = z.object({ folder: z.string() });

/** A script that starts a real node with a Pod, and prints the node's folder. */
const SCRIPT = `
  import { isReady } from ${JSON.stringify(import.meta.resolve("../support/cluster_pods.ts"))};
  import { startNodeCluster } from ${
  JSON.stringify(import.meta.resolve("../support/node_cluster.ts"))
};
  const { node, pods } = await startNodeCluster({ images: ["main:1"] });
  await pods.create("web", { spec: { containers: [{ name: "main", image: "main:1" }] } });
  await pods.until("web", { what: "the Pod is ready", is: isReady });
  console.log(JSON.stringify({ folder: node.folder }));
`;

/** Ids of the containers that run. */
function containersOf(folder: string): string[] {
  const tasks = join(folder, "state", "io.containerd.runtime.v2.task", "k8s.io");
  return [...Deno.readDirSync(tasks)].map(({ name }) => name);
}

/** Processes of whose command line or mounts one names the folder. */
function processesWith(folder: string): string[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    return ["cmdline", "mountinfo"].some((file) => {
      try {
        return Deno.readTextFileSync(`/proc/${name}/${file}`).includes(folder);
      } catch {
        // It has ended since.
        return false;
      }
    });
  });
}

Deno.test("a real node ends with the process that started it, even a killed one", async () => {
  const settings = ["vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map((name) =>
    `/proc/sys/${name}`
  );
  const before = settings.map((file) => Deno.readTextFileSync(file));
  const other = await startOtherProcess(SCRIPT);
  const { folder } = z.parse(startedElsewhere, other.said);
  const containers = containersOf(folder);
  assert.equal(containers.length, 2, "a Pod's container, and what holds the Pod together");
  assert.ok(findControlGroups(containers).length >= 2);
  // containerd and its namespaces' first process, one process for each container and one that looks after them, the
  // kubelet, ...
  assert.ok(processesWith(folder).length >= 5);
  assert.deepEqual(settings.map((file) => Deno.readTextFileSync(file)), before);

  await other.kill();
  await eventually(() => processesWith(folder).length === 0, { what: "no process is left" });
  await eventually(() => Deno.stat(folder).then(() => false, () => true), {
    what: "the folder is deleted",
  });
  assert.deepEqual(findControlGroups(containers), []);
});
