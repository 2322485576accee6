import { isDeepStrictEqual } from "node:util";
import type { Container, EnvVar, VolumeMount } from "../../api/container.ts";
import { isObject, ownMember } from "../../api/json.ts";
import {
  DEFAULT_SEPARATOR,
  type EnvFromSource,
  type PatchContainers,
  type PatchedVariable,
} from "../../api/patch_containers.ts";
import type { ContainerRecord, VariableRecord } from "../annotations/pod_patches.ts";
import type { Obstacle } from "../reasons.ts";
import { withAddedEnv } from "./env.ts";
import { items, member } from "./fields.ts";
import { VARIABLE } from "./pod_sources.ts";

/** Container of the Pod to patch, and how far. */
interface PatchTarget {
  /** With the patches of earlier SidecarSets. */
  readonly container: Container;
  /** What the SidecarSet changed in it so far. */
  readonly known: ContainerRecord | undefined;
  /** What an earlier call recorded for the SidecarSet. */
  readonly earlier: ContainerRecord | undefined;
  /** Whether a later patch of the SidecarSet overwrites this variable in the container: this one leaves it to that. */
  isOverwrittenLater(variable: string): boolean;
  /** Name of another SidecarSet that set this variable, if any. */
  setBy(variable: string): string | undefined;
}

/** The container with the patch, and the record of all that the SidecarSet changed in it. */
interface PatchedContainer {
  readonly container: Container;
  readonly record: ContainerRecord;
}

/**
 * Applies one patch to one container. What is there already stays as it is, so that a second call changes nothing:
 * a value that was appended, a source, and a mount of the same volume.
 *
 * @param field path of the patch, for messages
 * @returns why it does not fit into the container
 */
export function patchContainer(
  patch: PatchContainers,
  target: PatchTarget,
  field: string,
): PatchedContainer | Obstacle {
  const { container } = target;
  const env = patchEnv(patch.env ?? [], target, field);
  if ("reason" in env) return env;
  const envFrom = missingSources(patch.envFrom ?? [], container);
  const mounts = missingMounts(patch.volumeMounts ?? [], container, field);
  if ("reason" in mounts) return mounts;
  const patched = {
    ...container,
    ...(env.variables === container.env ? {} : { env: [...env.variables] }),
    ...(envFrom.length === 0 ? {} : { envFrom: [...envFrom, ...items(container.envFrom)] }),
    ...(mounts.length === 0 ? {} : { volumeMounts: [...container.volumeMounts ?? [], ...mounts] }),
  };
  const unset = unsetVariable(mounts, patched);
  if (unset !== undefined) {
    return conflict("VolumeConflict", `${field}.volumeMounts`, {
      container,
      what: `mounts with the variable ${unset}, which it does not set: set it in env`,
    });
  }
  return {
    container: patched,
    record: recordWith(target.known, { env: env.records, envFrom, mounts }),
  };
}

/** Without empty members, to keep the annotation small. */
function recordWith(
  known: ContainerRecord = {},
  { env, envFrom, mounts }: {
    readonly env: ReadonlyMap<string, VariableRecord>;
    readonly envFrom: readonly EnvFromSource[];
    readonly mounts: readonly VolumeMount[];
  },
): ContainerRecord {
  const paths = mounts.map(({ mountPath }) => mountPath);
  return {
    ...known,
    ...(env.size === 0 ? {} : { env: { ...known.env, ...Object.fromEntries(env) } }),
    ...(envFrom.length === 0 ? {} : { envFrom: [...known.envFrom ?? [], ...envFrom] }),
    ...(paths.length === 0 ? {} : { volumeMounts: [...known.volumeMounts ?? [], ...paths] }),
  };
}

interface PatchedEnv {
  /** The container's own list if nothing changes. */
  readonly variables: readonly EnvVar[];
  readonly records: ReadonlyMap<string, VariableRecord>;
}

function patchEnv(
  patches: readonly PatchedVariable[],
  { container, known, earlier, isOverwrittenLater, setBy }: PatchTarget,
  field: string,
): PatchedEnv | Obstacle {
  const present = container.env ?? [];
  const variables = [...present];
  const added: EnvVar[] = [];
  const records = new Map<string, VariableRecord>();
  for (const [i, { patchPolicy = "Retain", separator, ...variable }] of patches.entries()) {
    const { name } = variable;
    if (isOverwrittenLater(name)) continue;
    // The kubelet takes the last of several variables with one name.
    const index = variables.findLastIndex((each) => each.name === name);
    const current = variables[index];
    if (current === undefined) {
      if (!records.has(name)) added.push(variable);
      records.set(name, null);
      continue;
    }
    if (patchPolicy === "Retain") continue;
    const where = `${field}.env[${i}]`;
    if (patchPolicy === "Append" && current.valueFrom !== undefined) {
      return conflict("EnvConflict", where, {
        container,
        what: `appends to the variable ${name}, whose value comes from a source: ` +
          "use patchPolicy Retain or Overwrite",
      });
    }
    if (patchPolicy === "Overwrite") {
      // Another webhook may have changed it since an earlier call.
      const isSet = ownMember(earlier?.env, name) !== undefined;
      if (isSet || isSame(current, variable)) continue;
      const other = setBy(name);
      if (other !== undefined) {
        return conflict("EnvConflict", where, {
          container,
          what:
            `overwrites the variable ${name}, which SidecarSet ${other} sets too: set it in one`,
        });
      }
    }
    const next = patched(current, { variable, patchPolicy, separator });
    if (next === current) continue;
    variables[index] = next;
    const record = ownMember(known?.env, name);
    records.set(name, changeOf(current, { next, patchPolicy, record }));
  }
  const isChanged = added.length > 0 || variables.some((each, index) => each !== present[index]);
  return {
    variables: isChanged ? withAddedEnv(variables, added) : present,
    records,
  };
}

/** The variable by the policy; the same reference if nothing changes. */
function patched(
  current: EnvVar,
  { variable, patchPolicy, separator = DEFAULT_SEPARATOR }: {
    readonly variable: EnvVar;
    readonly patchPolicy: NonNullable<PatchedVariable["patchPolicy"]>;
    readonly separator: string | undefined;
  },
): EnvVar {
  if (patchPolicy === "Retain") return current;
  if (patchPolicy === "Overwrite") return variable;
  const { value: text = "" } = current;
  const { value = "" } = variable;
  // The value may be one of several that were appended.
  const isThere = `${separator}${text}${separator}`.includes(`${separator}${value}${separator}`);
  if (isThere) return current;
  return { ...current, value: text === "" ? value : `${text}${separator}${value}` };
}

function changeOf(
  current: EnvVar,
  { next, patchPolicy, record }: {
    readonly next: EnvVar;
    readonly patchPolicy: PatchedVariable["patchPolicy"];
    readonly record: VariableRecord | undefined;
  },
): VariableRecord {
  if (record === null || (record !== undefined && "replaced" in record)) return record;
  if (patchPolicy === "Append") {
    const text = (next.value ?? "").slice((current.value ?? "").length);
    return { appended: [...record?.appended ?? [], text] };
  }
  const { name: _name, ...replaced } = current;
  return { replaced };
}

/** Sources that the container does not have; the API server adds an empty prefix to none. */
function missingSources(sources: readonly EnvFromSource[], container: Container): EnvFromSource[] {
  const present = items(container.envFrom);
  return sources.filter((source) => !present.some((each) => isSameSource(each, source)));
}

function isSameSource(a: unknown, b: unknown): boolean {
  const key = (source: unknown) => [
    isObject(source) ? source.prefix ?? "" : "",
    member(source, "configMapRef").name,
    member(source, "secretRef").name,
  ];
  return isDeepStrictEqual(key(a), key(b));
}

/** Mounts at paths that the container does not use; one of the same volume and path is there already. */
function missingMounts(
  mounts: readonly VolumeMount[],
  container: Container,
  field: string,
): VolumeMount[] | Obstacle {
  const missing: VolumeMount[] = [];
  const devices = container.volumeDevices ?? [];
  for (const [i, mount] of mounts.entries()) {
    const { name, mountPath } = mount;
    const used = [...container.volumeMounts ?? [], ...missing].find((each) =>
      each.mountPath === mountPath
    );
    if (used !== undefined && isSameMount(used, mount)) continue;
    const user = used?.name ?? devices.find(({ devicePath }) => devicePath === mountPath)?.name;
    if (user !== undefined) {
      return conflict("VolumeConflict", `${field}.volumeMounts[${i}]`, {
        container,
        what: `mounts ${name} at ${mountPath}, where it has volume ${user}: use another mountPath`,
        subject: mountPath,
      });
    }
    if (devices.some((device) => device.name === name)) {
      return conflict("VolumeConflict", `${field}.volumeMounts[${i}]`, {
        container,
        what: `mounts ${name}, which it uses as a device: rename the volume`,
        subject: name,
      });
    }
    missing.push(mount);
  }
  return missing;
}

function isSameMount(a: VolumeMount, b: VolumeMount): boolean {
  return a.name === b.name && (a.subPath ?? "") === (b.subPath ?? "") &&
    (a.subPathExpr ?? "") === (b.subPathExpr ?? "");
}

/** A variable of `subPathExpr` that the container does not set; the kubelet cannot start such a container. */
function unsetVariable(mounts: readonly VolumeMount[], container: Container): string | undefined {
  if (items(container.envFrom).length > 0) return undefined;
  const set = new Set(container.env?.map(({ name }) => name));
  return mounts.flatMap(({ subPathExpr = "" }) =>
    [...subPathExpr.matchAll(VARIABLE)].map(([, name = ""]) => name)
  ).find((name) => !set.has(name));
}

/** Whether two variables are equal; the API server adds an apiVersion to a fieldRef. */
function isSame(a: EnvVar, b: EnvVar): boolean {
  const key = ({ value = "", valueFrom }: EnvVar) => {
    const { fieldRef } = valueFrom ?? {};
    const completed = fieldRef && { ...valueFrom, fieldRef: { apiVersion: "v1", ...fieldRef } };
    return [value, completed ?? valueFrom ?? null];
  };
  return isDeepStrictEqual(key(a), key(b));
}

function conflict(
  reason: "EnvConflict" | "VolumeConflict",
  field: string,
  { container, what, subject = field }: {
    readonly container: Container;
    readonly what: string;
    readonly subject?: string;
  },
): Obstacle {
  return { reason, message: `${field}: in container ${container.name} it ${what}`, subject };
}
