import type { EnvVar } from "../../api/container.ts";
import { ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { SidecarContainer, TransferEnv } from "../../api/sidecar_container.ts";
import { compareUtf8 } from "../annotations/go_json.ts";
import type { PodSources } from "./pod_sources.ts";

/** Where `transferEnv` looks: the Pod's metadata, its annotations as they are after `patchPodMetadata`. */
export interface TransferContext {
  readonly pod: Pod;
  readonly annotation: (key: string) => string | undefined;
  readonly sources: PodSources;
}

/**
 * The variables that a sidecar takes over by `transferEnv`, in order; a missing container or variable gives none.
 * Source: `pkg/control/sidecarcontrol/util.go:GetSidecarTransferEnvs`.
 */
export function transferredEnv(
  sidecar: SidecarContainer,
  context: TransferContext,
): readonly EnvVar[] {
  return (sidecar.transferEnv ?? []).flatMap((transfer) => {
    const container = sourceContainer(transfer, context);
    if (container === undefined) return [];
    return wantedNames(transfer).flatMap((name) => context.sources.env(container, name) ?? []);
  });
}

function wantedNames({ envName, envNames = [] }: TransferEnv): readonly string[] {
  if (envName === undefined) return [...new Set(envNames)].sort(compareUtf8);
  return envNames.length === 0 ? [envName] : [...new Set([envName, ...envNames])].sort(compareUtf8);
}

function sourceContainer(transfer: TransferEnv, context: TransferContext): string | undefined {
  const path = transfer.sourceContainerNameFrom?.fieldRef?.fieldPath;
  if (path === undefined) return transfer.sourceContainerName;
  const reference = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path);
  if (reference === null) return undefined;
  const [, kind, key = ""] = reference;
  return kind === "annotations"
    ? context.annotation(key)
    : ownMember(context.pod.metadata.labels, key);
}
