import { join } from "node:path";
import { stringify } from "yaml";
import { CNI_PLUGINS } from "./real_node_requirements.ts";

/** The image of every Pod's first container, which holds what the others share. */
export const SANDBOX_IMAGE = "localhost/pause:1";

/** Files of a node's folder that its command lines refer to. */
export function nodeFilesOf(folder: string) {
  return {
    containerdConfig: join(folder, "containerd.toml"),
    containerdSocket: join(folder, "containerd.sock"),
    kubeletConfig: join(folder, "kubelet.yaml"),
    kubelet: join(folder, "kubelet"),
    network: join(folder, "network"),
  };
}

export interface NodeFilesOptions {
  kubeletPort: number;
  /** Root of the control groups of Pods; undefined if they have none. */
  controlGroup: string | undefined;
}

/** Writes what containerd and the kubelet read at their start. */
export async function writeNodeFiles(
  folder: string,
  { kubeletPort, controlGroup }: NodeFilesOptions,
): Promise<void> {
  const { containerdConfig, kubeletConfig, network } = nodeFilesOf(folder);
  for (const path of [join(folder, "log"), network]) await Deno.mkdir(path, { recursive: true });
  await Deno.writeTextFile(containerdConfig, containerdText(folder));
  await Deno.writeTextFile(join(network, "node.conflist"), JSON.stringify(networkOf(folder)));
  const groups = controlGroup === undefined
    ? { cgroupsPerQOS: false }
    : { cgroupsPerQOS: true, cgroupRoot: `/${controlGroup}` };
  const settings = { ...KUBELET, ...kubeletPaths(folder), ...groups, port: kubeletPort };
  await Deno.writeTextFile(kubeletConfig, stringify(settings));
}

/**
 * containerd of Debian 12 or later. The snapshotter that copies works on every file system, those that containers
 * have included; a sandboxed root may not be able to lower its own out-of-memory score.
 */
function containerdText(folder: string): string {
  const { containerdSocket, network } = nodeFilesOf(folder);
  return `version = 2
root = "${folder}/containerd"
state = "${folder}/state"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${SANDBOX_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${network}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`;
}

/** An address for each Pod, reachable from this machine only. */
function networkOf(folder: string) {
  const ranges = [[{ subnet: "10.244.0.0/24" }]];
  const ipam = { type: "host-local", dataDir: join(folder, "addresses"), ranges };
  return { cniVersion: "0.4.0", name: "node", plugins: [{ type: "ptp", ipam }] };
}

/** It shares the machine with everything else there, so it neither reserves nor limits anything. */
const KUBELET = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  address: "127.0.0.1",
  healthzPort: 0,
  // No other client needs it, and one that reaches it is root on this machine.
  authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
  authorization: { mode: "AlwaysAllow" },
  cgroupDriver: "cgroupfs",
  enforceNodeAllocatable: [],
  evictionHard: { "memory.available": "10Mi" },
  failCgroupV1: false,
  failSwapOn: false,
  makeIPTablesUtilChains: false,
  resolvConf: "",
};

function kubeletPaths(folder: string) {
  return {
    containerRuntimeEndpoint: `unix://${nodeFilesOf(folder).containerdSocket}`,
    podLogsDir: join(folder, "log", "pods"),
    volumePluginDir: join(folder, "volume-plugins"),
  };
}
