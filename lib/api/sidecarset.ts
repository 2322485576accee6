import * as z from "zod/mini";
import { localObjectReference, volume } from "./container.ts";
import { docs } from "./docs.ts";
import { labelSelector, objectMeta, stringMap } from "./meta.ts";
import { sidecarContainer } from "./sidecar_container.ts";
import { sidecarSetStatus } from "./sidecarset_status.ts";
import { cleanupPolicy, injectionStrategy, updateStrategy } from "./strategies.ts";

/** A SidecarSet of either version: both have the same fields. */

export const failurePolicies = ["Ignore", "Fail"] as const;
export const conflictPolicies = ["Refuse", "Replace"] as const;
export const missedPodPolicies = ["Report", "Evict"] as const;
export const patchPolicies = ["Retain", "Overwrite", "MergePatchJson"] as const;

export const patchPodMetadata = z.looseObject({
  annotations: z.optional(stringMap).register(docs, {
    description: "Annotations to set on the Pods.",
  }),
  patchPolicy: z.optional(z.enum(patchPolicies)).register(docs, {
    description:
      "Retain keeps a value that the Pod has, Overwrite replaces it, MergePatchJson merges both as JSON.",
  }),
});
export type PatchPodMetadata = z.infer<typeof patchPodMetadata>;

export const sidecarSetSpec = z.looseObject({
  selector: z.optional(labelSelector).register(docs, {
    description: "Labels of the Pods that get the sidecars.",
  }),
  namespace: z.optional(z.string()).register(docs, {
    description:
      "Only Pods of this namespace are selected; together with namespaceSelector both must hold.",
  }),
  namespaceSelector: z.optional(labelSelector).register(docs, {
    description: "Only Pods of namespaces with these labels are selected; all when absent.",
  }),
  initContainers: z.optional(z.array(sidecarContainer)).register(docs, {
    description:
      "Init containers to inject when a Pod is created; with restartPolicy Always they are native sidecars.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  containers: z.optional(z.array(sidecarContainer)).register(docs, {
    description:
      "Containers to inject when a Pod is created, their images upgraded in place later.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  volumes: z.optional(z.array(volume.register(docs, { "x-embeds": "Volume" }))).register(docs, {
    description:
      "Volumes for the containers; only those that a container mounts are added to a Pod.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  imagePullSecrets: z.optional(z.array(localObjectReference)).register(docs, {
    description: "Added to the Pod's own image pull secrets.",
    "x-kubernetes-list-type": "atomic",
  }),
  patchPodMetadata: z.optional(z.array(patchPodMetadata)).register(docs, {
    description: "Annotations to set on the Pods.",
    "x-kubernetes-list-type": "atomic",
  }),
  updateStrategy: z.optional(updateStrategy).register(docs, {
    description: "How running Pods get a new revision.",
  }),
  injectionStrategy: z.optional(injectionStrategy).register(docs, {
    description: "Whether new Pods get the sidecars, and which revision of them.",
  }),
  cleanupPolicy: z.optional(cleanupPolicy).register(docs, {
    description: "What becomes of the sidecars in running Pods once they are no longer needed.",
  }),
  failurePolicy: z.optional(z.enum(failurePolicies)).register(docs, {
    description:
      "What becomes of a selected Pod that cannot be injected: it is created without the sidecars and counted as missed (Ignore), or refused (Fail).",
  }),
  conflictPolicy: z.optional(z.enum(conflictPolicies)).register(docs, {
    description:
      "What to do with a Pod that has a container of a sidecar's name: inject nothing of this SidecarSet (Refuse), or replace the container (Replace).",
  }),
  missedPodPolicy: z.optional(z.enum(missedPodPolicies)).register(docs, {
    description:
      "Whether missed Pods are reported only, or also evicted so that they are recreated.",
  }),
  revisionHistoryLimit: z.optional(z.int().check(z.minimum(0), z.maximum(2147483647))).register(
    docs,
    { description: "How many revisions are kept; 10 when absent." },
  ),
  customVersion: z.optional(
    z.string().check(
      z.maxLength(63),
      z.regex(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, "a valid label value"),
    ),
  ).register(docs, {
    description: "A name of your own for this revision, a valid label value.",
  }),
});
export type SidecarSetSpec = z.infer<typeof sidecarSetSpec>;

export const sidecarSet = z.looseObject({
  apiVersion: z.optional(z.string()),
  kind: z.optional(z.string()),
  metadata: objectMeta,
  spec: sidecarSetSpec.register(docs, { description: "What is wanted." }),
  status: z.optional(sidecarSetStatus).register(docs, { description: "What was observed." }),
});
export type SidecarSet = z.infer<typeof sidecarSet>;
