import * as z from "zod/mini";
import { envVar, volumeMount } from "./container.ts";
import { docs } from "./docs.ts";

/** What a SidecarSet changes in the Pod's own containers. */

export const envPatchPolicies = ["Retain", "Overwrite", "Append"] as const;
/** For options of programs, such as JAVA_TOOL_OPTIONS and NODE_OPTIONS. */
export const DEFAULT_SEPARATOR = " ";

const envFromSource = z.looseObject({
  prefix: z.optional(z.string()),
  configMapRef: z.optional(z.looseObject({ name: z.optional(z.string()) })),
  secretRef: z.optional(z.looseObject({ name: z.optional(z.string()) })),
}).register(docs, { "x-embeds": "EnvFromSource" });
export type EnvFromSource = z.infer<typeof envFromSource>;

const patchedVariable = z.looseObject({
  ...envVar.shape,
  patchPolicy: z.optional(z.enum(envPatchPolicies)).register(docs, {
    description:
      "Retain, the default, keeps a variable that the container has, Overwrite replaces it, " +
      "Append adds the value to its value.",
  }),
  separator: z.optional(z.string().check(z.minLength(1))).register(docs, {
    description: "Text between the container's value and the appended one; a space when absent.",
  }),
}).register(docs, { "x-embeds": "EnvVar" });
export type PatchedVariable = z.infer<typeof patchedVariable>;

export const patchContainers = z.looseObject({
  names: z.optional(z.array(z.string())).register(docs, {
    description:
      "Names of the containers or init containers to change; without names and nameRegex, " +
      "all of the Pod's own containers.",
    "x-kubernetes-list-type": "atomic",
  }),
  nameRegex: z.optional(z.string()).register(docs, {
    description:
      "Regular expression (RE2) for the names of the containers to change; init containers are changed only if named.",
  }),
  env: z.optional(z.array(patchedVariable)).register(docs, {
    description: "Environment variables to set.",
    "x-kubernetes-list-type": "atomic",
  }),
  envFrom: z.optional(z.array(envFromSource)).register(docs, {
    description:
      "Sources of environment variables to add before those of the container, whose values take precedence.",
    "x-kubernetes-list-type": "atomic",
  }),
  volumeMounts: z.optional(
    z.array(z.looseObject(volumeMount.shape).register(docs, { "x-embeds": "VolumeMount" })),
  ).register(docs, {
    description: "Volumes of spec.volumes to mount.",
    "x-kubernetes-list-type": "atomic",
  }),
});
export type PatchContainers = z.infer<typeof patchContainers>;
