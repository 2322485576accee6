import * as z from "zod/mini";
import { type Container, containerShape } from "./container.ts";
import { docs } from "./docs.ts";

/** A sidecar: the fields of a core Container, and those that SidecarSet adds. */

export const shareTypes = ["enabled", "disabled"] as const;
export const podInjectPolicies = ["BeforeAppContainer", "AfterAppContainer"] as const;
export const upgradeTypes = ["ColdUpgrade", "HotUpgrade"] as const;
const completionPolicies = ["Wait", "TerminateWithMain"] as const;
export const targetContainersModes = ["sum", "max"] as const;

const sharePolicy = z.looseObject({
  type: z.optional(z.enum(shareTypes)).register(docs, {
    description: "enabled or disabled; disabled when absent.",
  }),
});

const transferEnv = z.looseObject({
  sourceContainerName: z.optional(z.string()).register(docs, {
    description: "Name of the Pod's container to copy the variables from.",
  }),
  sourceContainerNameFrom: z.optional(z.looseObject({
    fieldRef: z.optional(z.looseObject({
      apiVersion: z.optional(z.string()).register(docs, {
        description: "API version of fieldPath; v1 when absent.",
      }),
      fieldPath: z.string().register(docs, {
        description: "metadata.labels['KEY'] or metadata.annotations['KEY'].",
      }),
    })).register(docs, {
      description: "Label or annotation of the Pod that holds the container's name.",
    }),
  })).register(docs, {
    description: "Source of the container's name; takes precedence over sourceContainerName.",
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
    description: "Expression for cpu that may use the variable cpu, for example max(cpu*50%, 50m).",
  }),
  memory: z.optional(z.string()).register(docs, {
    description: "Expression for memory that may use the variable memory, for example 200Mi.",
  }),
});

const resourcesPolicy = z.looseObject({
  targetContainersMode: z.enum(targetContainersModes).register(docs, {
    description:
      "How the variables are computed from the target containers: as their sum (sum) or their maximum (max).",
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
  }).register(docs, { description: "Expressions for the sidecar's resources." }),
});
export type ResourcesPolicy = z.infer<typeof resourcesPolicy>;

/** What SidecarSet adds to a Container. */
const sidecarFields = {
  podInjectPolicy: z.optional(z.enum(podInjectPolicies)).register(docs, {
    description: "Whether the container is placed before or after the Pod's own containers; " +
      "containers default to BeforeAppContainer, init containers to AfterAppContainer.",
  }),
  upgradeStrategy: z.optional(z.looseObject({
    upgradeType: z.optional(z.enum(upgradeTypes)).register(docs, {
      description:
        "ColdUpgrade replaces the image of the container; HotUpgrade alternates between two containers.",
    }),
    hotUpgradeEmptyImage: z.optional(z.string()).register(docs, {
      description: "Image for the idle container of a hot-upgrade pair.",
    }),
  })).register(docs, { description: "How the container of a running Pod is upgraded." }),
  shareVolumePolicy: z.optional(sharePolicy).register(docs, {
    description: "Whether this container gets the volume mounts of the Pod's containers.",
  }),
  shareVolumeDevicePolicy: z.optional(sharePolicy).register(docs, {
    description: "Whether this container gets the volume devices of the Pod's containers.",
  }),
  transferEnv: z.optional(z.array(transferEnv)).register(docs, {
    description: "Environment variables to copy from the Pod's own containers.",
    "x-kubernetes-list-type": "atomic",
  }),
  resourcesPolicy: z.optional(resourcesPolicy).register(docs, {
    description:
      "Computes this container's resources from the Pod's own containers when the Pod is created.",
  }),
  completionPolicy: z.optional(z.enum(completionPolicies)).register(docs, {
    description:
      "For Pods that run to completion: wait for this container to terminate (Wait), or " +
      "complete the Pod when all main containers have terminated (TerminateWithMain).",
  }),
};
export type SidecarField = keyof typeof sidecarFields;

export const sidecarContainer = z.looseObject({ ...containerShape, ...sidecarFields })
  .register(docs, { "x-embeds": "Container" });
export type SidecarContainer = z.infer<typeof sidecarContainer>;

/** The sidecar without the fields that SidecarSet adds: a Container that a Pod can have. */
export function coreContainer(sidecar: SidecarContainer): Container {
  const container: Container = { ...sidecar };
  for (const field of Object.keys(sidecarFields)) delete container[field];
  return container;
}
