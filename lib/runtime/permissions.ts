import type { Logger } from "../api/logger.ts";

export interface PermissionsOptions {
  /** The credentials come from a program that has to be run again and again. */
  readonly keepRun: boolean;
  readonly logger: Logger;
}

/**
 * Gives up, for the rest of the process, what only its start needs: calling native code, writing files and, unless a credential plugin is in
 * use, running programs. What went wrong in the program later cannot get them back.
 */
export async function giveUpPermissions({ keepRun, logger }: PermissionsOptions): Promise<void> {
  const unneeded: Deno.PermissionDescriptor[] = [
    { name: "ffi" },
    { name: "write" },
    ...(keepRun ? [] : [{ name: "run" } as const]),
  ];
  for (const descriptor of unneeded) {
    const { state } = await Deno.permissions.revoke(descriptor);
    if (state !== "granted") continue;
    logger.warn("Cannot give up a permission", { permission: descriptor.name });
  }
}
