import { delimiter, join } from "node:path";

/** What a real node depends on. */
export interface Machine {
  /** As `Deno.build.os` has it. */
  readonly os: string;
  /** Null where there are no user ids. */
  readonly uid: number | null;
  /** Folders of commands. */
  readonly path: readonly string[];
  isFile(file: string): Promise<boolean>;
  /** Whether a program needs no libraries, as is so in images that have nothing else. */
  isStatic(program: string): Promise<boolean>;
}

/** Commands of a real node, with the Debian package of each. */
const COMMANDS = {
  containerd: "containerd",
  ctr: "containerd",
  runc: "runc",
  unshare: "util-linux",
  nsenter: "util-linux",
} as const;

/** Where Debian has the plugins that give containers their network, and the one program of all images. */
export const CNI_PLUGINS = "/usr/lib/cni";
export const BUSYBOX = "/bin/busybox";

/** This process's machine. */
export function thisMachine(): Machine {
  return {
    os: Deno.build.os,
    uid: Deno.uid(),
    path: (Deno.env.get("PATH") ?? "").split(delimiter),
    isFile: (file) => Deno.stat(file).then((found) => found.isFile, () => false),
    isStatic: async (program) => !hasInterpreter(await Deno.readFile(program)),
  };
}

/** The requirement of a real node that this machine does not meet, with the remedy, in one sentence; else undefined. */
export async function findNodeObstacle(machine: Machine): Promise<string | undefined> {
  const missing = await findMissing(machine);
  if (missing.length === 0) return undefined;
  return "Cannot run the tests on a real node: they need root on Linux with what, on Debian, " +
    "`apt-get install containerd runc containernetworking-plugins busybox-static` installs; " +
    `missing here: ${missing.join(", ")}`;
}

async function findMissing(machine: Machine): Promise<string[]> {
  const { os, uid, path, isFile, isStatic } = machine;
  if (os !== "linux") return [`Linux (this is ${os})`];
  const missing = uid === 0 ? [] : [`root (this is user ${uid})`];
  for (const [command, debian] of Object.entries(COMMANDS)) {
    const found = await Promise.all(path.map((folder) => isFile(join(folder, command))));
    if (!found.includes(true)) missing.push(`${command} (${debian})`);
  }
  for (const plugin of ["ptp", "host-local", "loopback"]) {
    const file = join(CNI_PLUGINS, plugin);
    if (!await isFile(file)) missing.push(`${file} (containernetworking-plugins)`);
  }
  if (!await isFile(BUSYBOX) || !await isStatic(BUSYBOX)) {
    missing.push(`${BUSYBOX} without libraries (busybox-static)`);
  }
  return missing;
}

/** Whether a 64-bit ELF program asks for another one that loads its libraries: a header of type 3. */
function hasInterpreter({ buffer, byteOffset, byteLength }: Uint8Array): boolean {
  const program = new DataView(buffer, byteOffset, byteLength);
  const start = Number(program.getBigUint64(32, true));
  const size = program.getUint16(54, true);
  const count = program.getUint16(56, true);
  return Array.from({ length: count }, (_, index) => program.getUint32(start + index * size, true))
    .includes(3);
}
