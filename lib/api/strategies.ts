import * as z from "zod/mini";
import { docs } from "./docs.ts";
import { labelSelector } from "./meta.ts";

/** `spec.updateStrategy`, `spec.injectionStrategy`, `spec.cleanupPolicy` of a SidecarSet. */

export const updateStrategyTypes = ["RollingUpdate", "NotUpdate"] as const;
export const revisionPolicies = ["Always", "Partial"] as const;
const injectionMechanisms = ["Webhook", "Policy"] as const;
const recreatePolicies = ["Never", "Evict"] as const;
const resizePolicies = ["Never", "InPlace"] as const;
const partialUpdatePolicies = ["Never", "Images"] as const;
const driftPolicies = ["Report", "Repair"] as const;
const cleanupTypes = ["Retain", "Idle", "Evict"] as const;

/** A number, or a percentage such as `25%`. */
export const intOrPercent = z.union([
  z.int().check(z.minimum(0), z.maximum(2147483647)),
  z.string().check(z.regex(/^[0-9]+%$/, 'a percentage such as "25%"')),
]);
export type IntOrPercent = z.infer<typeof intOrPercent>;

export const updateStrategy = z.looseObject({
  type: z.optional(z.enum(updateStrategyTypes)).register(docs, {
    description: "RollingUpdate updates running Pods in place; NotUpdate leaves them unchanged.",
  }),
  paused: z.optional(z.boolean()).register(docs, {
    description: "Pauses the update of running Pods.",
  }),
  selector: z.optional(labelSelector).register(docs, {
    description: "Updates only Pods that match.",
  }),
  partition: z.optional(intOrPercent).register(docs, {
    description: "Number or percentage of Pods that stay at the old revision.",
    "x-kubernetes-int-or-string": true,
  }),
  maxUnavailable: z.optional(intOrPercent).register(docs, {
    description: "Maximum number or percentage of Pods that may be unavailable during the update.",
    "x-kubernetes-int-or-string": true,
  }),
  priorityStrategy: z.optional(z.looseObject({
    orderPriority: z.optional(z.array(z.looseObject({
      orderedKey: z.string().register(docs, {
        description: "Label whose value ends in the number to sort by; larger numbers first.",
      }),
    }))).register(docs, {
      description: "Sorts by the number at the end of a label's value.",
      "x-kubernetes-list-type": "atomic",
    }),
    weightPriority: z.optional(z.array(z.looseObject({
      weight: z.int().check(z.minimum(0), z.maximum(100)).register(docs, {
        description: "Weight to add for Pods that match.",
      }),
      matchSelector: labelSelector.register(docs, {
        description: "Selects the Pods that get the weight.",
      }),
    }))).register(docs, {
      description: "Sorts by the sum of the weights of all matching terms; larger sums first.",
      "x-kubernetes-list-type": "atomic",
    }),
  })).register(docs, { description: "Order in which Pods are updated." }),
  scatterStrategy: z.optional(z.array(z.looseObject({
    key: z.string().register(docs, { description: "Label key." }),
    value: z.string().register(docs, {
      description: "Label value; * means every value of the label.",
    }),
  }))).register(docs, {
    description: "Spreads the Pods with these labels evenly over the update.",
    "x-kubernetes-list-type": "atomic",
  }),
  recreatePolicy: z.optional(z.enum(recreatePolicies)).register(docs, {
    description:
      "What happens to outdated Pods that cannot be upgraded in place: they stay until " +
      "they are recreated (Never), or are evicted so that their workload recreates them " +
      "(Evict).",
  }),
  resizePolicy: z.optional(z.enum(resizePolicies)).register(docs, {
    description:
      "What happens in running Pods if the resources of containers change: nothing, the " +
      "Pods cannot be upgraded in place (Never), or the containers are resized in place, " +
      "which needs Kubernetes 1.35 (InPlace).",
  }),
  partialUpdatePolicy: z.optional(z.enum(partialUpdatePolicies)).register(docs, {
    description:
      "What outdated Pods get that cannot be upgraded in place: nothing (Never), or at least the new images (Images).",
  }),
  driftPolicy: z.optional(z.enum(driftPolicies)).register(docs, {
    description: "What happens if another client changes an injected image in a running Pod: the " +
      "change is reported (Report), or reverted within the budget (Repair).",
  }),
  minReadySeconds: z.optional(z.int().check(z.minimum(0), z.maximum(2147483647))).register(docs, {
    description: "Seconds that a Pod must be ready after an update to count as available.",
  }),
  progressDeadlineSeconds: z.optional(z.int().check(z.minimum(1), z.maximum(2147483647))).register(
    docs,
    {
      description:
        "Seconds without progress after which a roll-out is reported as failed; 600 when absent.",
    },
  ),
});
export type UpdateStrategy = z.infer<typeof updateStrategy>;

export const injectionStrategy = z.looseObject({
  paused: z.optional(z.boolean()).register(docs, {
    description: "Pauses the injection into new Pods; running Pods are still updated.",
  }),
  revision: z.optional(z.looseObject({
    customVersion: z.optional(z.string()).register(docs, {
      description: "Pins the newest revision with this custom version.",
    }),
    revisionName: z.optional(z.string()).register(docs, {
      description:
        "Pins the ControllerRevision with this name; takes precedence over customVersion.",
    }),
    policy: z.optional(z.enum(revisionPolicies)).register(docs, {
      description:
        "Always injects the pinned revision; Partial injects it only into the share of " +
        "Pods that updateStrategy.partition keeps.",
      default: "Always",
    }),
  })).register(docs, {
    description: "Revision to inject into new Pods instead of the current one.",
  }),
  mechanism: z.optional(z.enum(injectionMechanisms)).register(docs, {
    description:
      "Policy lets the API server inject by itself, also while the controller is down, " +
      "where it can; else the webhook injects, and Ready has the reason.",
  }),
});

export const cleanupPolicy = z.looseObject({
  type: z.optional(z.enum(cleanupTypes)).register(docs, {
    description:
      "What happens to sidecars that are no longer needed: nothing (Retain), their image " +
      "is replaced with idleImage (Idle), or the Pod is evicted (Evict).",
  }),
  idleImage: z.optional(z.string()).register(docs, {
    description: "Image for sidecars that are no longer needed.",
  }),
});
export type CleanupPolicy = z.infer<typeof cleanupPolicy>;
