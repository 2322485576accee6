import { isObject, type JsonObject } from "../../api/json.ts";
import { GROUP } from "../../api/names.ts";
import type { CustomResourceDefinition, KubeObject } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { conversionFailureOf, isForbidden } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "../cluster/reading.ts";
import { type Check, checkNamed } from "./check.ts";

/** The SidecarSets of a cluster, or why they cannot be read. */
export type StoredSidecarSets =
  | { readonly state: "read"; readonly objects: readonly KubeObject[] }
  | { readonly state: "unread"; readonly reason: string }
  /** The conversion webhook fails. */
  | { readonly state: "unconverted"; readonly reason: string; readonly failure: string };

/**
 * Lists the SidecarSets in the version that they are stored in, which needs the fewest conversions. OpenKruise before
 * 1.9 serves only v1alpha1. Rejects with the API server's other errors.
 */
export async function readStored(
  client: RestClient,
  { spec = {} }: CustomResourceDefinition,
): Promise<StoredSidecarSets> {
  const served = versionsOf(spec).filter(({ served }) => served === true);
  const version = served.find(({ storage }) => storage === true) ?? served[0];
  if (version === undefined) {
    return { state: "unread", reason: "the definition serves no version of SidecarSets" };
  }
  const resource = { ...resources.sidecarSets, apiVersion: `${GROUP}/${String(version.name)}` };
  try {
    return { state: "read", objects: await readAll(client, resource) };
  } catch (error) {
    if (isForbidden(error)) {
      return { state: "unread", reason: "this user may not list SidecarSets" };
    }
    const failure = conversionFailureOf(error);
    if (failure === undefined) throw error;
    return { state: "unconverted", reason: "SidecarSets cannot be converted", failure };
  }
}

interface VersionOptions {
  readonly stored: StoredSidecarSets;
  /** Evidence that OpenKruise's manager runs; undefined if this user may not read it. */
  readonly manager: string | undefined;
  /** Command that applies this program's installation. */
  readonly install: string;
}

/** Checks that all stored SidecarSets can be read in every version. */
export function checkVersions(
  { spec = {}, status = {} }: CustomResourceDefinition,
  { stored, manager, install }: VersionOptions,
): Check {
  const check = checkNamed("stored versions");
  const names = versionsOf(spec).map(({ name }) => String(name));
  const storedVersions = status.storedVersions ?? [];
  const lost = storedVersions.filter((version) => !names.includes(version));
  const apply = "replace the definition by this program's, which reads every version:";
  if (lost.length > 0) {
    return check.error(
      `SidecarSets are stored as ${lost.join(" and ")}, which the definition does not have`,
      apply,
      install,
    );
  }
  const text = `SidecarSets are stored as ${storedVersions.join(" and ")}`;
  const { conversion } = spec;
  if (!isObject(conversion) || conversion.strategy !== "Webhook") {
    return check.ok(`${text}, and need no conversion`);
  }
  if (stored.state === "unconverted") {
    return check.error(`${text}, and cannot be converted: ${stored.failure}`, apply, install);
  }
  if (manager === undefined) {
    return check.skipped(
      `${text}; this user may not read whether OpenKruise runs, which converts them`,
    );
  }
  return manager === "absent"
    ? check.error(
      `${text}, and need the conversion webhook of OpenKruise, which does not run`,
      apply,
      install,
    )
    : check.ok(`${text}; OpenKruise's webhook converts them until the definition is replaced`);
}

function versionsOf({ versions }: JsonObject): Record<string, unknown>[] {
  const entries: unknown[] = Array.isArray(versions) ? versions : [];
  return entries.filter(isObject);
}
