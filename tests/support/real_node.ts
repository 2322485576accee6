import { basename, join } from "node:path";
import { findBinaries } from "./binaries.ts";
import { bindPods } from "./binder.ts";
import type { ControlPlane } from "./control_plane.ts";
import { createControlGroup } from "./control_groups.ts";
import { eventually } from "./eventually.ts";
import { freePorts } from "./free_port.ts";
import { Guardian } from "./guardian.ts";
import { untilNodesReady } from "./readiness.ts";
import { nodeFilesOf, SANDBOX_IMAGE, writeNodeFiles } from "./real_node_files.ts";
import { writeImages } from "./real_node_images.ts";
import { findNodeObstacle, thisMachine } from "./real_node_requirements.ts";
import { Server } from "./server.ts";

const NAME = "real-0";

/**
 * Runs containerd as a child of the first process of namespaces of their own: what it mounts, and all of its
 * containers, end with the first process, however that ends. What both programs keep outside of their folders is
 * hidden, and so are the settings of the kernel that a kubelet changes for the whole machine.
 */
const CONTAINERD = `
set -e
for folder in /run /var/lib /var/log; do mount -t tmpfs none "$folder"; done
cd /proc/sys
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \\
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  [ -f "$setting" ] || continue
  mkdir -p "$0/settings/\${setting%/*}"
  cat "$setting" >"$0/settings/$setting"
  mount --bind "$0/settings/$setting" "$setting"
done
cd /
containerd --config "$1" &
wait $!
`;

/**
 * Control groups outlive their processes, which take a moment to end. Those of containers have the names of their
 * ids, and the kubelet's root group the name of the node's folder.
 */
const REMOVE_CONTROL_GROUPS = `
for name in $(ls "$0/state/io.containerd.runtime.v2.task/k8s.io") "\${0##*/}"; do
  for group in $(find /sys/fs/cgroup -depth -type d -path "*/$name*"); do
    for attempt in $(seq 100); do rmdir "$group" && break; sleep 0.1; done
  done
done
find /sys/fs/cgroup -type d -name k8s.io -exec rmdir {} +
`;

export interface RealNodeOptions {
  /** Names of the images that Pods use: `agent:1`. There are no others. */
  images: readonly string[];
  /**
   * Whether each Pod has a control group, which a resize in place needs: without one, the kubelet of Kubernetes 1.35
   * ends with a nil dereference. @default {false}
   */
  podControlGroups?: boolean;
}

/** A node on which containers really run, as root of this machine. */
export interface RealNode extends AsyncDisposable {
  readonly name: string;
  /** With everything that it keeps; deleted on disposal. */
  readonly folder: string;
}

/**
 * Joins this machine to a control plane that has no other kubelet: containerd with images made on the spot, and a
 * kubelet. Resolves when the node is ready. Dispose of it before the control plane; it also ends with this process.
 *
 * @throws {Error} if this machine lacks something, or with the end of a log; nothing keeps running then
 */
export async function startRealNode(
  plane: ControlPlane,
  { images, podControlGroups = false }: RealNodeOptions,
): Promise<RealNode> {
  const obstacle = await findNodeObstacle(thisMachine());
  if (obstacle !== undefined) throw new Error(obstacle);
  const binaries = await findBinaries(["kubelet"], { progress: (said) => console.error(said) });
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "sidecarset-node-" });
  const guardian = new Guardian(folder, { finally: REMOVE_CONTROL_GROUPS });
  resources.defer(() => guardian.dismiss());
  const [port = 0] = freePorts(1);
  const controlGroup = podControlGroups ? basename(folder) : undefined;
  if (controlGroup !== undefined) await createControlGroup(controlGroup);
  await writeNodeFiles(folder, { kubeletPort: port, controlGroup });

  const containerd = resources.use(containerdOf(folder));
  containerd.start();
  await importImages(containerd, { folder, images: [SANDBOX_IMAGE, ...images] });
  const program = binaries.path("kubelet");
  const kubelet = resources.use(kubeletOf(folder, { plane, containerd, program }));
  kubelet.start();
  await untilNodesReady(kubelet, plane.client);

  const stopped = new AbortController();
  const binding = bindPods({ client: plane.client, nodes: [NAME], signal: stopped.signal });
  resources.defer(() => {
    stopped.abort();
    return binding;
  });
  const owned = resources.move();
  return { name: NAME, folder, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function containerdOf(folder: string): Server {
  const { containerdConfig } = nodeFilesOf(folder);
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const args = [...namespaces, "sh", "-c", CONTAINERD, folder, containerdConfig];
  return new Server("containerd", { program: "unshare", args, folder });
}

/** It has containerd's processes and mounts, but the network of the control plane. */
function kubeletOf(
  folder: string,
  { plane, containerd, program }: { plane: ControlPlane; containerd: Server; program: string },
): Server {
  const { kubelet, kubeletConfig } = nodeFilesOf(folder);
  const namespaces = `/proc/${containerd.pid}/ns`;
  const args = [
    ...[`--mount=${namespaces}/mnt`, `--pid=${namespaces}/pid_for_children`, program],
    ...["--kubeconfig", plane.kubeconfig, "--config", kubeletConfig],
    ...["--hostname-override", NAME, "--root-dir", kubelet, "--cert-dir", join(kubelet, "pki")],
  ];
  return new Server("kubelet", { program: "nsenter", args, folder });
}

async function importImages(
  containerd: Server,
  { folder, images }: { folder: string; images: readonly string[] },
): Promise<void> {
  const { containerdSocket } = nodeFilesOf(folder);
  const archive = await writeImages(join(folder, "images"), images);
  const args = ["--address", containerdSocket, "--namespace", "k8s.io", "images", "import"];
  await eventually(async () => {
    const command = new Deno.Command("ctr", {
      args: [...args, "--snapshotter", "native", archive],
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
    return true;
  }, { what: "containerd has the images", unless: () => containerd.failure });
}
