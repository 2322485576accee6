import type { Logger } from "../api/logger.ts";

export interface PermissionsOptions {
  /** The credentials come from a program that has to be run again and again. */
  readonly keepRun: boolean;
  readonly logger: Logger;
}

const ALL = ["env", "ffi", "import", "net", "read", "run", "sys", "write"] as const;

/**
 * Gives up, for the rest of the process, what only its start needs: the environment, native code, files to write and, unless a credential
 * plugin is in use, other programs. What goes wrong in the program later cannot get them back. The network and reading files stay: the API
 * server's address is known only now, and its token and certificates change; a permission cannot be narrowed, only given up.
 */
export async function dropPermissions({ keepRun, logger }: PermissionsOptions): Promise<void> {
  const kept = ["net", "read", ...(keepRun ? ["run"] : [])];
  for (const name of ALL) {
    if (!kept.includes(name)) await Deno.permissions.revoke({ name });
  }
  const held = ALL.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  const excess = held.filter((name) => !kept.includes(name));
  if (excess.length > 0) logger.warn("Cannot drop permissions", { permissions: excess });
  logger.info("Gave up what only the start needs", { kept: held });
}
