import type { SidecarContainer } from "../../api/sidecar_container.ts";
import { TERMINATE_ENV, TERMINATE_WITH_IMAGE_ENV } from "../../api/names.ts";
import { envValue, type ObservedContainer } from "../observed_pod.ts";

/**
 * Whether a container's environment variables mark it to end with the main containers (OpenKruise's sidecar
 * terminator).
 */
export function endsWithMain(container: Pick<ObservedContainer, "env">): boolean {
  return envValue(container, TERMINATE_ENV)?.toLowerCase() === "true" ||
    terminationImage(container) !== undefined;
}

/** Whether Pods that run to completion wait for the end of this sidecar, which is no init container. */
export function isWaitedFor(
  sidecar: Pick<SidecarContainer, "completionPolicy" | "env">,
): boolean {
  return sidecar.completionPolicy !== "TerminateWithMain" && !endsWithMain(sidecar);
}

/** The image that makes the container exit. */
export function terminationImage(container: Pick<ObservedContainer, "env">): string | undefined {
  return envValue(container, TERMINATE_WITH_IMAGE_ENV) || undefined;
}

/** Whether a Pod with this `restartPolicy` runs to completion; Always by default. */
export function runsToCompletion(restartPolicy: string | undefined): boolean {
  return restartPolicy === "Never" || restartPolicy === "OnFailure";
}
