import { basename } from "node:path";

/** Memory cgroups that this process may make. */
export interface MemoryCgroups {
  /** Makes a group named as a folder is. @returns its path */
  create(folder: string, limitBytes: number): Promise<string>;
  /** Shell commands that remove the group of the folder `$0` once its processes have been killed. */
  readonly cleanUp: string;
}

interface Hierarchy {
  readonly root: string;
  /** The file of a group that takes its limit in bytes. */
  readonly limit: string;
}

const V1: Hierarchy = { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" };
const V2: Hierarchy = { root: "/sys/fs/cgroup", limit: "memory.max" };

/** Undefined where memory cannot be limited by a cgroup, which is said once. */
export function findMemoryCgroups(): MemoryCgroups | undefined {
  const hierarchy = [V1, V2].find(isUsable);
  if (!hierarchy) {
    console.error("Memory is limited by V8 alone: no memory cgroup can be made here");
    return undefined;
  }
  const { root, limit } = hierarchy;
  return {
    async create(folder, limitBytes) {
      const group = `${root}/${basename(folder)}`;
      await Deno.mkdir(group, { recursive: true });
      await Deno.writeTextFile(`${group}/${limit}`, String(limitBytes));
      return group;
    },
    cleanUp: `for i in 1 2 3 4 5 6 7 8 9; do
      rmdir "${root}/$(basename "$0")" && break
      sleep 0.1
    done`,
  };
}

function isUsable({ root, limit }: Hierarchy): boolean {
  const group = `${root}/sidecarset-probe-${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(group);
  } catch {
    return false;
  }
  try {
    return Deno.statSync(`${group}/${limit}`).isFile;
  } catch {
    return false;
  } finally {
    Deno.removeSync(group);
  }
}
