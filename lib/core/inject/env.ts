import type { EnvVar } from "../../api/container.ts";
import { ownMember } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { SidecarContainer, TransferEnv } from "../../api/sidecar_container.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { PodSources } from "./pod_sources.ts";

/** Input of `transferEnv`: the Pod's metadata, with its values after `patchPodMetadata`. */
export interface TransferContext {
  readonly pod: Pod;
  readonly annotation: (key: string) => string | undefined;
  readonly label: (key: string) => string | undefined;
  readonly sources: PodSources;
}

/** The context for the admitted sidecars of a Pod. */
export function transferContextOf(
  pod: Pod,
  { sources, annotations, labels }: {
    sources: PodSources;
    annotations: ReadonlyMap<string, string>;
    labels: ReadonlyMap<string, string>;
  },
): TransferContext {
  const annotation = (key: string) =>
    annotations.get(key) ?? ownMember(pod.metadata.annotations, key);
  const label = (key: string) => labels.get(key) ?? ownMember(pod.metadata.labels, key);
  return { pod, sources, annotation, label };
}

/** One variable to transfer, and its source. */
export interface Transfer {
  /** Label or annotation with the source container's name; undefined if `transferEnv` names the container. */
  readonly fieldPath: string | undefined;
  /** Undefined if the Pod has no value at `fieldPath`. */
  readonly container: string | undefined;
  readonly name: string;
  /** Undefined if the container does not set it. */
  readonly variable: EnvVar | undefined;
}

/**
 * The variables that a sidecar's `transferEnv` names, in order, found or not.
 * Source: `pkg/control/sidecarcontrol/util.go:GetSidecarTransferEnvs`.
 */
export function transfersOf(
  sidecar: SidecarContainer,
  context: TransferContext,
): readonly Transfer[] {
  return (sidecar.transferEnv ?? []).flatMap((transfer) => {
    const container = sourceContainer(transfer, context) || undefined;
    const fieldPath = transfer.sourceContainerNameFrom?.fieldRef?.fieldPath;
    return variableNames(transfer).map((name) => ({
      ...{ fieldPath, container, name },
      variable: container === undefined ? undefined : context.sources.env(container, name),
    }));
  });
}

/** The variables that `transferEnv` finds, in order. */
export function transferredEnv(
  sidecar: SidecarContainer,
  context: TransferContext,
): readonly EnvVar[] {
  return transfersOf(sidecar, context).flatMap(({ variable }) => variable ?? []);
}

function variableNames({ envName, envNames = [] }: TransferEnv): readonly string[] {
  if (envName === undefined) return [...new Set(envNames)].sort(compareUtf8);
  return envNames.length === 0 ? [envName] : [...new Set([envName, ...envNames])].sort(compareUtf8);
}

function sourceContainer(transfer: TransferEnv, context: TransferContext): string | undefined {
  const path = transfer.sourceContainerNameFrom?.fieldRef?.fieldPath;
  if (path === undefined) return transfer.sourceContainerName;
  const reference = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path);
  if (reference === null) return undefined;
  const [, kind, key = ""] = reference;
  return kind === "annotations" ? context.annotation(key) : context.label(key);
}

/** A reference to a variable, and the escaped dollar sign that begins none. */
const REFERENCE = /\$\$|\$\(([^()]*)\)/g;

/**
 * Names of the variables that a value references. The kubelet expands only references to earlier variables and
 * leaves others as text.
 *
 * @see `k8s.io/kubernetes/third_party/forked/golang/expansion/expand.go:Expand`
 */
export function referencesOf({ value = "" }: Pick<EnvVar, "value">): readonly string[] {
  if (!value.includes("$(")) return [];
  return [...value.matchAll(REFERENCE)].flatMap(([, name]) => name ?? []);
}

/**
 * Appends variables to a container's, but places each before the first variable that references it. Existing
 * variables keep their order.
 */
export function withAddedEnv(
  present: readonly EnvVar[],
  added: readonly EnvVar[],
): readonly EnvVar[] {
  const all = [...present, ...added];
  if (added.length === 0 || all.every((each) => referencesOf(each).length === 0)) return all;
  const waiting = new Map(added.map((variable) => [variable.name, variable]));
  const ordered: EnvVar[] = [];
  const place = (variable: EnvVar) => {
    for (const name of referencesOf(variable)) {
      const referred = waiting.get(name);
      if (referred === undefined) continue;
      // Before it is placed, or variables that refer to each other would never be.
      waiting.delete(name);
      place(referred);
    }
    ordered.push(variable);
  };
  for (const variable of present) place(variable);
  for (const variable of added) {
    if (waiting.delete(variable.name)) place(variable);
  }
  return ordered;
}
