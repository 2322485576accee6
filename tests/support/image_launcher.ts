import { join } from "node:path";
import { containerSettings } from "./container_settings.ts";
import type { Launcher } from "./launcher.ts";
import { findMemoryCgroups } from "./memory_cgroups.ts";
import { writeServiceAccount } from "./service_account.ts";

const ASSEMBLE = new URL("../../manifests/image/assemble.sh", import.meta.url).pathname;

/**
 * Replaces itself with the program, so that the process keeps its id. The root is read-only, with /proc as the only
 * mount; the capabilities that are left in the bounding set are those that the change of root and user needs, and go
 * with that change.
 */
const SCRIPT = `
group=$1 root=$2 user=$3; shift 3
if [ -n "$group" ]; then echo $$ >"$group/cgroup.procs"; fi
mount --bind "$root" "$root"
mount --bind /proc "$root/proc"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \
  chroot --userspec="$user" --groups= "$root" /sidecarset "$@"
`;

/**
 * Starts an executable as a kubelet starts the container of the image: the image's files and nothing else, read-only,
 * with the Deployment's user, environment and memory limit, and with a service account's files instead of a
 * kubeconfig.
 */
export function imageLauncher(executable: string): Launcher {
  const groups = findMemoryCgroups();
  return {
    async prepare({ args, env, kubeconfig, folder, clockOffset }) {
      if (Deno.uid() !== 0) throw new Error("Cannot start a process in the image's root: not root");
      if (clockOffset !== undefined) throw new Error("Cannot set the clock of an executable");
      const { user, env: ownEnv, memoryBytes } = await containerSettings();
      const root = await assemble(executable, join(folder, "root"));
      const account = await writeServiceAccount(root, kubeconfig);
      const group = await groups?.create(folder, memoryBytes) ?? "";
      const variables = Object.entries({ ...ownEnv, ...account, ...env }).map(([name, value]) =>
        `${name}=${value}`
      );
      return {
        program: "env",
        args: ["-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", ...variables]
          .concat(["unshare", "--mount", "sh", "-euc", SCRIPT, "sh", group, root, user, ...args]),
        env: {},
      };
    },
    cleanUp: groups?.cleanUp ?? "",
  };
}

/** Makes the image's root folder, with the folder that /proc is mounted on. */
async function assemble(executable: string, root: string): Promise<string> {
  const { success, stderr } = await new Deno.Command(ASSEMBLE, {
    args: ["/", executable, root],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.mkdir(join(root, "proc"));
  // Deno makes temporary folders for their owner alone.
  await Deno.chmod(join(root, ".."), 0o755);
  return root;
}
