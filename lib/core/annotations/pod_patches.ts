import type { ObservedPod } from "../observed_pod.ts";
import { isObject } from "../../api/json.ts";
import { goJson } from "../json/go_json.ts";
import { membersIn } from "./json_records.ts";

/**
 * On Pods: what SidecarSets changed of the Pod's own labels and containers, as JSON by SidecarSet. Written only for
 * SidecarSets with such patches. OpenKruise ignores it.
 */
export const POD_PATCHES_ANNOTATION = "kruise.io/sidecarset-pod-patches";

/** What happened to a variable: null where it was added. */
export type VariableRecord =
  | null
  /** The texts that were appended to its value. */
  | { readonly appended: readonly string[] }
  /** The variable before, without its name. */
  | { readonly replaced: Readonly<Record<string, unknown>> };

/** What one SidecarSet changed in one container. */
export interface ContainerRecord {
  readonly env?: Readonly<Record<string, VariableRecord>>;
  /** The added sources. */
  readonly envFrom?: readonly unknown[];
  /** Paths of the added mounts. */
  readonly volumeMounts?: readonly string[];
}

/** What one SidecarSet changed of a Pod's own parts, so that it can be undone. */
export interface PodPatchRecord {
  /** Hash of `spec.patchContainers`; absent without any. */
  readonly hash?: string;
  /** The labels before the patch, by key; null where the Pod had none. */
  readonly labels?: Readonly<Record<string, string | null>>;
  /** By container name. */
  readonly containers?: Readonly<Record<string, ContainerRecord>>;
  /** Names of volumes that were added for these containers alone. */
  readonly volumes?: readonly string[];
}

export type PodPatchRecords = ReadonlyMap<string, PodPatchRecord>;

/** The records by SidecarSet; empty if absent or unreadable. */
export function podPatches(pod: ObservedPod): PodPatchRecords {
  return new Map(
    membersIn(pod, POD_PATCHES_ANNOTATION)
      .flatMap(([name, each]) => isObject(each) ? [[name, recordIn(each)]] : []),
  );
}

/** The hash of the patches that a Pod records for a SidecarSet; undefined without any. */
export function recordedPatchHash(pod: ObservedPod, sidecarSet: string): string | undefined {
  return podPatches(pod).get(sidecarSet)?.hash;
}

/** The annotation's text; null removes it. */
export function podPatchesText(records: PodPatchRecords): string | null {
  return records.size === 0 ? null : goJson(records);
}

/** Adds labels that a SidecarSet changes; the first recorded value of each label stays. */
export function withPatchedLabels(
  record: PodPatchRecord | undefined,
  { labels, before }: {
    readonly labels: ReadonlyMap<string, string>;
    before(key: string): string | undefined;
  },
): PodPatchRecord {
  const values = [...labels.keys()].map((key) => [key, before(key) ?? null] as const);
  return { ...record, labels: { ...Object.fromEntries(values), ...record?.labels } };
}

type Members = Readonly<Record<string, unknown>>;

/** Parts of another form, which this program does not write, are left out. */
function recordIn({ hash, labels, containers, volumes }: Members): PodPatchRecord {
  return {
    ...(typeof hash === "string" ? { hash } : {}),
    ...(isObject(labels) ? { labels: valuesOf(labels, isLabel) } : {}),
    ...(isObject(containers)
      ? {
        containers: Object.fromEntries(
          Object.entries(containers).map(([name, each]) => [name, containerIn(each)]),
        ),
      }
      : {}),
    ...(Array.isArray(volumes) ? { volumes: volumes.filter(isText) } : {}),
  };
}

function containerIn(value: unknown): ContainerRecord {
  if (!isObject(value)) return {};
  const { env, envFrom, volumeMounts } = value;
  return {
    ...(isObject(env) ? { env: valuesOf(env, isVariable) } : {}),
    ...(Array.isArray(envFrom) ? { envFrom } : {}),
    ...(Array.isArray(volumeMounts) ? { volumeMounts: volumeMounts.filter(isText) } : {}),
  };
}

function valuesOf<T>(object: Members, isValue: (value: unknown) => value is T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(object).flatMap(([key, value]) => isValue(value) ? [[key, value]] : []),
  );
}

function isLabel(value: unknown): value is string | null {
  return value === null || isText(value);
}

function isVariable(value: unknown): value is VariableRecord {
  if (value === null) return true;
  if (!isObject(value)) return false;
  const { appended, replaced } = value;
  return isObject(replaced) || (Array.isArray(appended) && appended.every(isText));
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
