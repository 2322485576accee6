import * as z from "zod/mini";
import { docs } from "./docs.ts";
import { labelSelector } from "./meta.ts";

/** `spec.updateStrategy`, `spec.injectionStrategy`, `spec.cleanupPolicy` of a SidecarSet. */

export const updateStrategyTypes = ["RollingUpdate", "NotUpdate"] as const;
export const revisionPolicies = ["Always", "Partial"] as const;
export const recreatePolicies = ["Never", "Evict"] as const;
export const driftPolicies = ["Report", "Repair"] as const;
export const cleanupTypes = ["Retain", "Idle", "Evict"] as const;

/** A count, or a share like `25%`. */
export const intOrPercent = z.union([
  z.int().check(z.minimum(0), z.maximum(2147483647)),
  z.string().check(z.regex(/^[0-9]+%$/, 'a percentage such as "25%"')),
]);
export type IntOrPercent = z.infer<typeof intOrPercent>;

export const updateStrategy = z.looseObject({
  type: z.optional(z.enum(updateStrategyTypes)).register(docs, {
    description: "RollingUpdate changes running Pods, NotUpdate never touches them.",
  }),
  paused: z.optional(z.boolean()).register(docs, {
    description: "Stops changing running Pods until it is false again.",
  }),
  selector: z.optional(labelSelector).register(docs, {
    description: "Only Pods that match are updated.",
  }),
  partition: z.optional(intOrPercent).register(docs, {
    description: "How many Pods, or which share of them, stay at the old revision.",
    "x-kubernetes-int-or-string": true,
  }),
  maxUnavailable: z.optional(intOrPercent).register(docs, {
    description: "How many Pods, or which share of them, may be unavailable during the update.",
    "x-kubernetes-int-or-string": true,
  }),
  priorityStrategy: z.optional(z.looseObject({
    orderPriority: z.optional(z.array(z.looseObject({
      orderedKey: z.string().register(docs, {
        description: "Label whose trailing number orders the Pods, larger first.",
      }),
    }))).register(docs, {
      description: "Order by the trailing number of a label's value.",
      "x-kubernetes-list-type": "atomic",
    }),
    weightPriority: z.optional(z.array(z.looseObject({
      weight: z.int().check(z.minimum(0), z.maximum(100)).register(docs, {
        description: "Added to the weight of the Pods that match.",
      }),
      matchSelector: labelSelector.register(docs, { description: "Which Pods get the weight." }),
    }))).register(docs, {
      description: "Order by the sum of the weights of the terms that match, larger first.",
      "x-kubernetes-list-type": "atomic",
    }),
  })).register(docs, { description: "Which Pods are updated first." }),
  scatterStrategy: z.optional(z.array(z.looseObject({
    key: z.string().register(docs, { description: "Label key." }),
    value: z.string().register(docs, { description: "Label value; * means each value there is." }),
  }))).register(docs, {
    description: "Spreads Pods with these labels over the whole update.",
    "x-kubernetes-list-type": "atomic",
  }),
  recreatePolicy: z.optional(z.enum(recreatePolicies)).register(docs, {
    description:
      "What becomes of outdated Pods that cannot be upgraded in place: they stay until recreated (Never), or are evicted so that their workload recreates them (Evict).",
  }),
  driftPolicy: z.optional(z.enum(driftPolicies)).register(docs, {
    description:
      "What becomes of an injected image that somebody changed in a running Pod: it is reported, or put right within the budget.",
  }),
  minReadySeconds: z.optional(z.int().check(z.minimum(0), z.maximum(2147483647))).register(docs, {
    description: "How long a Pod must be ready after an update to count as available.",
  }),
  progressDeadlineSeconds: z.optional(z.int().check(z.minimum(1), z.maximum(2147483647))).register(
    docs,
    {
      description:
        "How long a roll-out may make no progress before it is reported as failed; 600 when absent.",
    },
  ),
});
export type UpdateStrategy = z.infer<typeof updateStrategy>;

export const injectionStrategy = z.looseObject({
  paused: z.optional(z.boolean()).register(docs, {
    description: "Stops injection into new Pods; running Pods are still upgraded.",
  }),
  revision: z.optional(z.looseObject({
    customVersion: z.optional(z.string()).register(docs, {
      description: "Pins the newest revision that carries this custom version.",
    }),
    revisionName: z.optional(z.string()).register(docs, {
      description: "Pins the ControllerRevision of this name; wins over customVersion.",
    }),
    policy: z.optional(z.enum(revisionPolicies)).register(docs, {
      description:
        "Always injects the pinned revision; Partial keeps the share of Pods given by the partition on it.",
      default: "Always",
    }),
  })).register(docs, { description: "The revision that new Pods get instead of the current one." }),
});
export type InjectionStrategy = z.infer<typeof injectionStrategy>;

export const cleanupPolicy = z.looseObject({
  type: z.optional(z.enum(cleanupTypes)).register(docs, {
    description:
      "What becomes of sidecars that are no longer needed: nothing (Retain), their image becomes idleImage (Idle), or the Pod is evicted (Evict).",
  }),
  idleImage: z.optional(z.string()).register(docs, {
    description: "Image that sidecars run once they are no longer needed.",
  }),
});
export type CleanupPolicy = z.infer<typeof cleanupPolicy>;
