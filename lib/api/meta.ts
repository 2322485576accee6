import * as z from "zod/mini";
import { docs } from "./docs.ts";

/** Parts of `k8s.io/apimachinery` `meta/v1` that the program reads; everything else is kept as it came. */

export type Labels = Readonly<Record<string, string>>;

export const stringMap = z.record(z.string(), z.string());

const ownerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.optional(z.boolean()),
  blockOwnerDeletion: z.optional(z.boolean()),
});
export type OwnerReference = z.infer<typeof ownerReference>;

export const objectMeta = z.looseObject({
  name: z.optional(z.string()),
  generateName: z.optional(z.string()),
  namespace: z.optional(z.string()),
  uid: z.optional(z.string()),
  resourceVersion: z.optional(z.string()),
  generation: z.optional(z.int()),
  creationTimestamp: z.optional(z.string()),
  deletionTimestamp: z.optional(z.string()),
  deletionGracePeriodSeconds: z.optional(z.int()),
  labels: z.optional(stringMap),
  annotations: z.optional(stringMap),
  ownerReferences: z.optional(z.array(ownerReference)),
  managedFields: z.optional(z.array(z.looseObject({
    manager: z.optional(z.string()),
    operation: z.optional(z.string()),
    subresource: z.optional(z.string()),
    time: z.optional(z.string()),
    fieldsV1: z.optional(z.unknown()),
  }))),
});
export type ObjectMeta = z.infer<typeof objectMeta>;
export type ManagedFields = NonNullable<ObjectMeta["managedFields"]>;

/** What must still hold of a stored object, in a patch's metadata or in the options of a deletion. */
export interface Preconditions {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** That an object is still exactly as it was read. */
export function preconditionsOf(
  { metadata: { uid, resourceVersion } }: {
    readonly metadata: Pick<ObjectMeta, "uid" | "resourceVersion">;
  },
): Preconditions {
  return { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) };
}

export const selectorOperators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;

const labelSelectorRequirement = z.looseObject({
  key: z.string().register(docs, { description: "The label key that the requirement is about." }),
  operator: z.enum(selectorOperators).register(docs, {
    description: "How the key relates to the values.",
  }),
  values: z.optional(z.array(z.string())).register(docs, {
    description: "Values for In and NotIn; absent for Exists and DoesNotExist.",
    "x-kubernetes-list-type": "atomic",
  }),
});
export type LabelSelectorRequirement = z.infer<typeof labelSelectorRequirement>;

export const labelSelector = z.looseObject({
  matchLabels: z.optional(stringMap).register(docs, {
    description: "Labels that must all be there with exactly these values.",
  }),
  matchExpressions: z.optional(z.array(labelSelectorRequirement)).register(docs, {
    description: "Requirements that must all hold.",
    "x-kubernetes-list-type": "atomic",
  }),
});
export type LabelSelector = z.infer<typeof labelSelector>;

/** A time as Kubernetes writes it: UTC, in whole seconds. */
export function rfc3339(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
