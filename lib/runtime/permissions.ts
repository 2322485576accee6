import type { Logger } from "../api/logger.ts";

interface PermissionsOptions {
  /** The credentials come from a program that has to be run again and again. */
  readonly keepRun: boolean;
  readonly logger: Logger;
}

const ALL = ["env", "ffi", "import", "net", "read", "run", "sys", "write"] as const;

/**
 * Drops startup-only permissions: the environment, native code, writing files and, without a credential plugin, running
 * programs. They cannot be requested again. The network and reading files stay, because the API server's address is
 * known only now, its token and certificates change, and a permission cannot be narrowed.
 */
export async function dropPermissions({ keepRun, logger }: PermissionsOptions): Promise<void> {
  const kept = ["net", "read", ...(keepRun ? ["run"] : [])];
  for (const name of ALL) {
    if (!kept.includes(name)) await Deno.permissions.revoke({ name });
  }
  const held = ALL.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  const excess = held.filter((name) => !kept.includes(name));
  if (excess.length > 0) logger.warn("Cannot drop permissions", { permissions: excess });
  logger.info("Dropped startup-only permissions", { kept: held });
}
