import { isDeepStrictEqual } from "node:util";
import type { EnvVar } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { endsWithMain, runsToCompletion } from "../annotations/terminate_marks.ts";
import { defaultVolume } from "../defaults/volume.ts";
import { quantityOf } from "../quantity/arithmetic.ts";
import { referencesOf, type Transfer, type TransferContext, transfersOf } from "./env.ts";
import { items, member } from "./fields.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/**
 * Warnings for the Pod's creator about a SidecarSet that is injected, each short enough for an admission warning
 * and with the remedy first.
 */
export function caveatsOf(plan: SidecarSetPlan, context: TransferContext): readonly string[] {
  const { pod } = context;
  const caveats = sharedNames(plan, pod);
  for (const sidecar of plan.sidecars) {
    caveats.push(...transferCaveats(sidecar, context), ...endlessCaveats(sidecar, pod));
  }
  return caveats.length < 2 ? caveats : [...new Set(caveats)];
}

/** Volumes that differ from the Pod's volume of the same name, which the sidecars then mount (B-38). */
function sharedNames({ volumes }: SidecarSetPlan, { spec }: Pod): string[] {
  return volumes.flatMap((volume) => {
    const own = spec.volumes?.find(({ name }) => name === volume.name);
    if (own === undefined || holds(defaultVolume(own), defaultVolume(volume))) return [];
    return [`rename volume "${volume.name}": the Pod's own volume of that name is used instead`];
  });
}

/** Whether `value` contains everything in `expected`. The API server adds defaults and normalizes quantities. */
function holds(value: unknown, expected: unknown): boolean {
  if (Array.isArray(expected)) {
    const list = items(value);
    return list.length === expected.length && expected.every((each, i) => holds(list[i], each));
  }
  if (isObject(expected)) {
    return isObject(value) &&
      Object.entries(expected).every(([key, each]) => holds(value[key], each));
  }
  if (isDeepStrictEqual(value, expected)) return true;
  const [amount, other] = [quantityOf(value), quantityOf(expected)];
  return amount !== undefined && amount.nanos === other?.nanos;
}

function transferCaveats(plan: SidecarPlan, context: TransferContext): string[] {
  const { sidecar } = plan;
  if (sidecar.transferEnv === undefined && !plan.sharesMounts) return [];
  const own = new Set(plan.firstEnv.map(({ name }) => name));
  const transfers = [...transfersOf(sidecar, context), ...sharedWithMounts(plan, context)]
    .filter(({ name }) => !own.has(name));
  const set = new Set([...own, ...transfers.flatMap(({ variable }) => variable?.name ?? [])]);
  return transfers.flatMap((transfer) => {
    const { name, variable } = transfer;
    if (variable === undefined) {
      // The same variable may come from another container.
      return set.has(name) ? [] : [missingSource(transfer, context)];
    }
    if (isOwnAmount(variable)) {
      return [
        `set ${quoted(name)} in ${
          quoted(sidecar.name)
        }: its resourceFieldRef reads the sidecar's own`,
      ];
    }
    return lostReferences(transfer, { set, context })
      .map((lost) => `transfer ${quoted(lost)} too: ${quoted(name)} keeps the text $(${lost})`);
  });
}

/** Variables of `subPathExpr`. Missing ones are left out: they stop the Pod's own container as well. */
function sharedWithMounts({ sharesMounts }: SidecarPlan, { sources }: TransferContext): Transfer[] {
  if (!sharesMounts) return [];
  return sources.subPathVariables().flatMap(({ container, name, variable }) =>
    variable === undefined
      ? []
      : [{ fieldPath: undefined, container: container.name, name, variable }]
  );
}

function missingSource(
  { fieldPath, container, name }: Transfer,
  { sources }: TransferContext,
): string {
  const source = container === undefined ? undefined : sources.container(container);
  if (source === undefined) {
    return fieldPath === undefined || container !== undefined
      ? `fix transferEnv of ${quoted(name)}: the Pod has no container ${quoted(container ?? "")}`
      : `fix transferEnv of ${quoted(name)}: the Pod lacks ${fieldPath}`;
  }
  return items(source.envFrom).length > 0
    ? `set ${quoted(name)} in env of container ${quoted(source.name)}: envFrom is not transferred`
    : `fix transferEnv: container ${quoted(source.name)} sets no ${quoted(name)}`;
}

/** Whether the variable reads the sidecar's own limits or requests, or the node's if it has none (B-43). */
function isOwnAmount({ valueFrom }: EnvVar): boolean {
  if (valueFrom?.resourceFieldRef === undefined) return false;
  return !member(valueFrom, "resourceFieldRef").containerName;
}

/** Variables that the value references in its source container and that the sidecar does not have. */
function lostReferences(
  { container = "", variable }: Transfer,
  { set, context: { sources } }: { set: ReadonlySet<string>; context: TransferContext },
): string[] {
  if (variable === undefined) return [];
  const source = sources.container(container);
  const env = source?.env ?? [];
  const before = new Set(env.slice(0, env.indexOf(variable)).map(({ name }) => name));
  const hasMore = items(source?.envFrom).length > 0;
  return referencesOf(variable).filter((name) => !set.has(name) && (before.has(name) || hasMore));
}

/** Containers that keep a Pod that runs to completion from completing. */
function endlessCaveats({ list, containers }: SidecarPlan, { spec }: Pod): string[] {
  if (list !== "containers" || !runsToCompletion(spec.restartPolicy)) return [];
  return containers.filter(({ container }) => !endsWithMain(container)).map(({ name }) =>
    `set completionPolicy: TerminateWithMain, or the Pod ends only after ${quoted(name)}`
  );
}

function quoted(name: string): string {
  return `"${name}"`;
}
