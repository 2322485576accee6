/** kubectl's `--dry-run`: whether nothing is sent, or sent to be checked only. */
export type DryRun = "none" | "client" | "server";

/** What stands behind something done, as kubectl writes it. */
export function dryRunNote(dryRun: DryRun): string {
  return { none: "", client: " (dry run)", server: " (server dry run)" }[dryRun];
}
