import type { Container } from "../../api/container.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import { TERMINATE_ENV, TERMINATE_WITH_IMAGE_ENV } from "../../api/names.ts";

/**
 * Whether a container's environment variables mark it to end with the main containers (OpenKruise's sidecar
 * terminator).
 */
export function endsWithMain(container: Pick<Container, "env">): boolean {
  return valueOf(container, TERMINATE_ENV)?.toLowerCase() === "true" ||
    terminationImage(container) !== undefined;
}

/** Whether Pods that run to completion wait for the end of this sidecar, which is no init container. */
export function isWaitedFor(
  sidecar: Pick<SidecarContainer, "completionPolicy" | "env">,
): boolean {
  return sidecar.completionPolicy !== "TerminateWithMain" && !endsWithMain(sidecar);
}

/** The image that makes the container exit. */
export function terminationImage(container: Pick<Container, "env">): string | undefined {
  return valueOf(container, TERMINATE_WITH_IMAGE_ENV) || undefined;
}

/** Whether a Pod with this `restartPolicy` runs to completion; Always by default. */
export function runsToCompletion(restartPolicy: string | undefined): boolean {
  return restartPolicy === "Never" || restartPolicy === "OnFailure";
}

function valueOf({ env }: Pick<Container, "env">, variable: string): string | undefined {
  return env?.find(({ name }) => name === variable)?.value;
}
