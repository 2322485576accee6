import * as z from "zod/mini";
import { containerShape } from "./container.ts";
import { docs } from "./docs.ts";

/** A sidecar: a core Container inlined, plus what SidecarSet adds to it. */

export const shareTypes = ["enabled", "disabled"] as const;
export const podInjectPolicies = ["BeforeAppContainer", "AfterAppContainer"] as const;
export const upgradeTypes = ["ColdUpgrade", "HotUpgrade"] as const;
export const completionPolicies = ["Wait", "TerminateWithMain"] as const;
export const targetContainersModes = ["sum", "max"] as const;

const sharePolicy = z.looseObject({
  type: z.optional(z.enum(shareTypes)).register(docs, {
    description: "Whether to share; disabled when absent.",
  }),
});

const transferEnv = z.looseObject({
  sourceContainerName: z.optional(z.string()).register(docs, {
    description: "Name of the Pod's container that the variables are copied from.",
  }),
  sourceContainerNameFrom: z.optional(z.looseObject({
    fieldRef: z.optional(z.looseObject({
      apiVersion: z.optional(z.string()).register(docs, {
        description: "Version of the schema that fieldPath is written in; v1 when absent.",
      }),
      fieldPath: z.string().register(docs, {
        description: "metadata.labels['KEY'] or metadata.annotations['KEY'].",
      }),
    })).register(docs, { description: "The Pod's label or annotation that holds the name." }),
  })).register(docs, {
    description: "Takes the container's name from the Pod; wins over sourceContainerName.",
  }),
  envName: z.optional(z.string()).register(docs, {
    description: "Name of one variable to copy.",
  }),
  envNames: z.optional(z.array(z.string())).register(docs, {
    description: "Names of more variables to copy.",
    "x-kubernetes-list-type": "atomic",
  }),
});
export type TransferEnv = z.infer<typeof transferEnv>;

const resourceExpressions = z.looseObject({
  cpu: z.optional(z.string()).register(docs, {
    description: "Expression for cpu, in terms of the variable cpu, for example max(cpu*50%, 50m).",
  }),
  memory: z.optional(z.string()).register(docs, {
    description: "Expression for memory, in terms of the variable memory, for example 200Mi.",
  }),
});

const resourcesPolicy = z.looseObject({
  targetContainersMode: z.enum(targetContainersModes).register(docs, {
    description: "Whether the target containers' resources are added up or their maximum is taken.",
  }),
  targetContainersNameRegex: z.optional(z.string()).register(docs, {
    description:
      "Regular expression (RE2) for the names of the target containers; all when absent.",
    default: ".*",
  }),
  resourcesExpr: z.looseObject({
    limits: z.optional(resourceExpressions).register(docs, {
      description: "Expressions for the sidecar's limits.",
    }),
    requests: z.optional(resourceExpressions).register(docs, {
      description: "Expressions for the sidecar's requests.",
    }),
  }).register(docs, { description: "Expressions that the sidecar's resources are computed with." }),
});
export type ResourcesPolicy = z.infer<typeof resourcesPolicy>;

export const sidecarContainer = z.looseObject({
  ...containerShape,
  podInjectPolicy: z.optional(z.enum(podInjectPolicies)).register(docs, {
    description:
      "Whether the container stands before or after the Pod's own; containers default to BeforeAppContainer, init containers to AfterAppContainer.",
  }),
  upgradeStrategy: z.optional(z.looseObject({
    upgradeType: z.optional(z.enum(upgradeTypes)).register(docs, {
      description:
        "ColdUpgrade replaces the image of the one container, HotUpgrade alternates between a pair of containers.",
    }),
    hotUpgradeEmptyImage: z.optional(z.string()).register(docs, {
      description: "Image of the idle container of a hot-upgrade pair.",
    }),
  })).register(docs, { description: "How the container of a running Pod is upgraded." }),
  shareVolumePolicy: z.optional(sharePolicy).register(docs, {
    description: "Whether the Pod's containers' volume mounts are copied into this container.",
  }),
  shareVolumeDevicePolicy: z.optional(sharePolicy).register(docs, {
    description: "Whether the Pod's containers' volume devices are copied into this container.",
  }),
  transferEnv: z.optional(z.array(transferEnv)).register(docs, {
    description: "Environment variables copied from the Pod's own containers.",
    "x-kubernetes-list-type": "atomic",
  }),
  resourcesPolicy: z.optional(resourcesPolicy).register(docs, {
    description:
      "Computes this container's resources from the Pod's own containers when the Pod is created.",
  }),
  completionPolicy: z.optional(z.enum(completionPolicies)).register(docs, {
    description:
      "For Pods that run to completion: Wait for this container too, or TerminateWithMain when all main containers have ended.",
  }),
}).register(docs, { "x-embeds": "Container" });
export type SidecarContainer = z.infer<typeof sidecarContainer>;
