/** Why a file cannot be read, as the end of a sentence. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "its permissions do not allow it";
  return error instanceof Error ? error.message : String(error);
}
