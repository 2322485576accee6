import * as z from "zod/mini";
import { localObjectReference, volume } from "./container.ts";
import { docs } from "./docs.ts";
import { labelSelector, objectMeta, stringMap } from "./meta.ts";
import { patchContainers } from "./patch_containers.ts";
import { sidecarContainer } from "./sidecar_container.ts";
import { sidecarSetStatus } from "./sidecarset_status.ts";
import { cleanupPolicy, injectionStrategy, updateStrategy } from "./strategies.ts";

/** A SidecarSet of either version: both have the same fields. */

export const failurePolicies = ["Ignore", "Fail"] as const;
const conflictPolicies = ["Refuse", "Replace"] as const;
const missedPodPolicies = ["Report", "Evict"] as const;
export const patchPolicies = ["Retain", "Overwrite", "MergePatchJson"] as const;

const patchPodMetadata = z.looseObject({
  annotations: z.optional(stringMap).register(docs, {
    description: "Annotations to set on the Pods.",
  }),
  labels: z.optional(stringMap).register(docs, {
    description:
      "Labels to set on the Pods. Another SidecarSet that such a label selects is injected in the same review.",
  }),
  patchPolicy: z.optional(z.enum(patchPolicies)).register(docs, {
    description:
      "Retain keeps a value that the Pod has, Overwrite replaces it, MergePatchJson merges " +
      "both annotation values as JSON.",
  }),
});
export type PatchPodMetadata = z.infer<typeof patchPodMetadata>;
export type PatchField = keyof typeof patchPodMetadata.shape;

export const sidecarSetSpec = z.looseObject({
  selector: z.optional(labelSelector).register(docs, {
    description: "Label selector for the Pods that get the sidecars.",
  }),
  namespace: z.optional(z.string()).register(docs, {
    description:
      "Selects only Pods in this namespace; combined with namespaceSelector, both must match.",
  }),
  namespaceSelector: z.optional(labelSelector).register(docs, {
    description: "Selects only Pods in namespaces with these labels; all namespaces when absent.",
  }),
  initContainers: z.optional(z.array(sidecarContainer)).register(docs, {
    description:
      "Init containers to inject when a Pod is created; those with restartPolicy Always are native sidecars.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  containers: z.optional(z.array(sidecarContainer)).register(docs, {
    description:
      "Containers to inject when a Pod is created; their images are upgraded in place later.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  volumes: z.optional(z.array(volume.register(docs, { "x-embeds": "Volume" }))).register(docs, {
    description:
      "Volumes for the containers; a Pod gets only the volumes that an injected container mounts.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
  }),
  imagePullSecrets: z.optional(z.array(localObjectReference)).register(docs, {
    description: "Image pull secrets to add to those of the Pod.",
    "x-kubernetes-list-type": "atomic",
  }),
  patchPodMetadata: z.optional(z.array(patchPodMetadata)).register(docs, {
    description: "Annotations and labels to set on the Pods.",
    "x-kubernetes-list-type": "atomic",
  }),
  patchContainers: z.optional(z.array(patchContainers)).register(docs, {
    description:
      "Environment variables and volume mounts to add to the Pod's own containers when it is created.",
    "x-kubernetes-list-type": "atomic",
  }),
  updateStrategy: z.optional(updateStrategy).register(docs, {
    description: "How running Pods are updated to a new revision.",
  }),
  injectionStrategy: z.optional(injectionStrategy).register(docs, {
    description: "Whether new Pods get the sidecars, and which revision of them.",
  }),
  cleanupPolicy: z.optional(cleanupPolicy).register(docs, {
    description: "What happens to the sidecars in running Pods when they are no longer needed.",
  }),
  failurePolicy: z.optional(z.enum(failurePolicies)).register(docs, {
    description:
      "What happens to a selected Pod that cannot be injected: it is created without the " +
      "sidecars and counted as missed (Ignore), or refused (Fail).",
  }),
  conflictPolicy: z.optional(z.enum(conflictPolicies)).register(docs, {
    description: "What happens if a Pod has its own container with the name of a sidecar: the " +
      "SidecarSet is not injected (Refuse), or the container is replaced (Replace).",
  }),
  missedPodPolicy: z.optional(z.enum(missedPodPolicies)).register(docs, {
    description:
      "Whether missed Pods are only reported (Report), or also evicted so that their workload recreates them (Evict).",
  }),
  revisionHistoryLimit: z.optional(z.int().check(z.minimum(0), z.maximum(2147483647))).register(
    docs,
    { description: "Maximum number of revisions to keep; 10 when absent." },
  ),
  customVersion: z.optional(
    z.string().check(
      z.maxLength(63),
      z.regex(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, "a valid label value"),
    ),
  ).register(docs, {
    description: "User-defined name of this revision; must be a valid label value.",
  }),
});
export type SidecarSetSpec = z.infer<typeof sidecarSetSpec>;
export type SpecField = keyof typeof sidecarSetSpec.shape;

export const sidecarSet = z.looseObject({
  apiVersion: z.optional(z.string()),
  kind: z.optional(z.string()),
  metadata: objectMeta,
  spec: sidecarSetSpec.register(docs, { description: "Desired state." }),
  status: z.optional(sidecarSetStatus).register(docs, { description: "Observed state." }),
});
export type SidecarSet = z.infer<typeof sidecarSet>;
