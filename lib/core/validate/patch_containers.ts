import {
  INJECTED_ENV,
  TERMINATE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  VERSION_ALT_ENV,
  VERSION_ENV,
} from "../../api/names.ts";
import { envPatchPolicies } from "../../api/patch_containers.ts";
import { defaultPodContainer } from "../defaults/core_container.ts";
import { compilePattern } from "../pattern.ts";
import type { Field } from "./field.ts";
import { checkEnv, checkEnvFrom } from "./pod/env.ts";
import { checkMountsAndDevices, type VolumeSources } from "./pod/mounts.ts";
import { checkDnsLabel, checkOptionalOneOf } from "./syntax.ts";

/** As many as the CustomResourceDefinition allows. */
const MAX_PATCHES = 100;
/** They mark containers as sidecars, and control their termination and versions. */
const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  INJECTED_ENV,
  TERMINATE_ENV,
  TERMINATE_WITH_IMAGE_ENV,
  VERSION_ALT_ENV,
  VERSION_ENV,
]);

/**
 * `patchContainers`: each item names containers in one way, changes something, and is valid in a container that is not
 * privileged. No rule of OpenKruise, which does not have the field.
 *
 * @param facts `volumes`: those of the SidecarSet; `sidecars`: names of its containers
 */
export function checkPatchContainers(
  patches: Field,
  facts: { readonly volumes: VolumeSources; readonly sidecars: ReadonlySet<string> },
): void {
  const entries = patches.items();
  if (entries.length > MAX_PATCHES) {
    return patches.tooLong(`must have at most ${MAX_PATCHES} items: they have ${entries.length}`);
  }
  for (const entry of entries) {
    checkTargets(entry, facts.sidecars);
    const env = entry.member("env");
    const envFrom = entry.member("envFrom");
    const mounts = entry.member("volumeMounts");
    if ([env, envFrom, mounts].every((field) => field.items().length === 0)) {
      env.required("is required: or use envFrom or volumeMounts");
    }
    checkVariables(env);
    const completed = entry.completed(defaultPodContainer);
    checkEnv(completed.member("env"), facts.volumes);
    checkEnvFrom(envFrom);
    checkMountsAndDevices(completed, facts.volumes);
  }
}

function checkTargets(entry: Field, sidecars: ReadonlySet<string>): void {
  const names = entry.member("names");
  const nameRegex = entry.member("nameRegex");
  if (names.isSet && nameRegex.isSet) {
    nameRegex.forbidden("must not be set together with names: use one of them");
  }
  if (names.isSet && names.items().length === 0) {
    names.required(
      "must name a container: or leave it out to change all of the Pod's own containers",
    );
  }
  const seen = new Set<string>();
  for (const name of names.items()) {
    checkDnsLabel(name);
    if (seen.has(name.text())) name.duplicate();
    seen.add(name.text());
    if (sidecars.has(name.text())) {
      name.invalid("must be a container of the Pod: this one is a sidecar, change it in the spec");
    }
  }
  if (!nameRegex.isSet) return;
  const pattern = compilePattern(nameRegex.text());
  if (!pattern.ok) nameRegex.invalid(pattern.problem);
}

function checkVariables(env: Field): void {
  const seen = new Set<string>();
  for (const variable of env.items()) {
    const name = variable.member("name");
    const policy = variable.member("patchPolicy");
    const separator = variable.member("separator");
    checkOptionalOneOf(policy, envPatchPolicies);
    if (seen.has(name.text())) name.duplicate("must be unique in the patch");
    seen.add(name.text());
    if (RESERVED_VARIABLES.has(name.text())) {
      name.forbidden("must not be set: SidecarSet reads it in sidecars; use another variable");
    }
    const appends = policy.text() === "Append";
    if (appends && variable.member("valueFrom").isSet) {
      variable.member("valueFrom").forbidden(
        "must not be set with patchPolicy Append, which adds text: use value",
      );
    } else if (appends && variable.member("value").text() === "") {
      variable.member("value").required("is required with patchPolicy Append");
    }
    if (separator.isSet && !appends) {
      separator.forbidden("must not be set without patchPolicy Append");
    } else if (separator.isSet && separator.text() === "") {
      separator.invalid("must not be empty: leave it out for a space");
    }
  }
}
