import { join } from "node:path";

const ROOT = "/sys/fs/cgroup";
/** Controllers of version 2 that a kubelet requires in its root group, if the kernel has them. */
const KUBELET_CONTROLLERS = ["cpu", "cpuset", "hugetlb", "memory", "pids"];

/** The limits and the weight that the kernel applies to one container. */
export interface AppliedResources {
  /** Share of a busy processor: `cpu.shares` or `cpu.weight`, comparable on one machine only. */
  readonly cpuWeight: number;
  /** In processors; Infinity without a limit. */
  readonly cpuLimit: number;
  /** In bytes. */
  readonly memoryLimit: number;
}

/**
 * Creates a root group for a kubelet in each hierarchy, for the groups of its Pods.
 *
 * @throws {Error} where the groups of this machine cannot be changed, as in most containers
 */
export async function createControlGroup(name: string): Promise<void> {
  try {
    for (const hierarchy of await hierarchies()) await Deno.mkdir(join(hierarchy, name));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot create the control group ${name}: ${reason}; run the tests outside of a container`,
      { cause: error },
    );
  }
}

/** One of version 2, with the controllers that a kubelet requires, or many of version 1. */
async function hierarchies(): Promise<string[]> {
  let available: string;
  try {
    available = await Deno.readTextFile(join(ROOT, "cgroup.controllers"));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return Deno.readDirSync(ROOT).filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => join(ROOT, name)).toArray();
  }
  const controllers = available.trim().split(" ").filter((each) =>
    KUBELET_CONTROLLERS.includes(each)
  );
  const enabled = controllers.map((each) => `+${each}`).join(" ");
  await Deno.writeTextFile(join(ROOT, "cgroup.subtree_control"), enabled);
  return [ROOT];
}

/** Paths of the groups with one of the names, in all hierarchies. */
export function findControlGroups(names: readonly string[]): string[] {
  const groups = (folder: string): string[] =>
    subgroups(folder).flatMap((name) => [
      ...(names.includes(name) ? [join(folder, name)] : []),
      ...groups(join(folder, name)),
    ]);
  return groups(ROOT);
}

function subgroups(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => name);
  } catch (error) {
    // Groups of other nodes end at any time.
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Reads the groups of a running container.
 *
 * @param id As in a Pod's status: `containerd://…`.
 * @throws {Error} if it has no group
 */
export function readAppliedResources(id: string): AppliedResources {
  const groups = findControlGroups([id.replace(/^\w+:\/\//, "")]);
  const read = (file: string) => readFirst(groups, file);
  const max = read("cpu.max");
  const [quota = "", period = ""] = max?.split(" ") ??
    [read("cpu.cfs_quota_us"), read("cpu.cfs_period_us")];
  const memory = read("memory.max") ?? read("memory.limit_in_bytes");
  const weight = read("cpu.weight") ?? read("cpu.shares");
  if (memory === undefined || weight === undefined || quota === "") {
    throw new Error(
      `Cannot read the control groups of ${id}: found ${groups.join(", ") || "none"}`,
    );
  }
  return {
    cpuWeight: Number(weight),
    cpuLimit: quota === "max" || quota === "-1" ? Infinity : Number(quota) / Number(period),
    memoryLimit: memory === "max" ? Infinity : Number(memory),
  };
}

/** Content of the file in the first group that has it. */
function readFirst(groups: readonly string[], file: string): string | undefined {
  for (const group of groups) {
    try {
      return Deno.readTextFileSync(join(group, file)).trim();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
