import { startControlPlane } from "../../support/control_plane.ts";
import type { GoldenFile } from "../golden_files.ts";
import { playByPolicy, policyReport } from "./play.ts";

/**
 * Plays the cases of injection by a policy on its own API server, and prints the report.
 *
 * @returns the exit status: 0 if all Pods are equal, 1 if one differs, 2 if there is no case
 */
export async function runByPolicy(
  folder: string,
  files: readonly GoldenFile[],
): Promise<number> {
  const injecting = files.filter(({ path }) => path.startsWith("inject/"));
  if (injecting.length === 0) {
    console.error(`Cannot judge ${folder} by a policy: it has no file in inject/`);
    return 2;
  }
  await using plane = await startControlPlane({ kubelet: false });
  const judgements = await playByPolicy(plane, injecting);
  console.log(policyReport(judgements));
  return judgements.every(({ failures }) => failures.length === 0) ? 0 : 1;
}
