import * as z from "zod/mini";
import { docs } from "./docs.ts";

const count = (description: string) => z.int().register(docs, { description });

const condition = z.looseObject({
  type: z.string().register(docs, {
    description: "Type of the condition: Ready, Progressing or PodsMissed.",
  }),
  status: z.enum(["True", "False", "Unknown"]).register(docs, {
    description: "Status of the condition: True, False or Unknown.",
  }),
  reason: z.string().register(docs, { description: "CamelCase reason for the status." }),
  message: z.string().register(docs, { description: "Human-readable details." }),
  lastTransitionTime: z.string().register(docs, {
    description: "Time of the last change of the status.",
  }),
  observedGeneration: z.optional(
    count("Generation of the SidecarSet that the condition was computed for."),
  ),
});
export type Condition = z.infer<typeof condition>;

export const evictionGuard = z.looseObject({
  workload: z.string().register(docs, { description: "UID of the workload." }),
  pod: z.string().register(docs, { description: "UID of the Pod that was evicted last." }),
  attempts: count("Number of evictions since a replacement last reached the desired state."),
  lastEviction: z.string().register(docs, { description: "Time of the last eviction." }),
  newestPod: z.string().register(docs, {
    description: "Creation time of the workload's newest Pod at the last eviction.",
  }),
  leftAlone: z.boolean().register(docs, {
    description:
      "True if a replacement did not reach the desired state either; no more Pods are then evicted.",
  }),
  observedGeneration: count("Generation of the SidecarSet that the Pod was evicted for."),
});
/** State of the evictions of one workload's Pods. It prevents an endless loop of evictions. */
export type EvictionGuard = z.infer<typeof evictionGuard>;

export const sidecarSetStatus = z.looseObject({
  observedGeneration: z.optional(
    count("Generation of the SidecarSet that the status was computed for."),
  ),
  matchedPods: z.optional(count("Number of selected, active Pods that are injected.")),
  updatedPods: z.optional(count("Number of matched Pods at the current revision.")),
  readyPods: z.optional(
    count("Number of matched Pods that are ready and run the images of their spec."),
  ),
  updatedReadyPods: z.optional(count("Number of matched Pods that are updated and ready.")),
  uninjectedPods: z.optional(count("Number of selected, active Pods that are not injected.")),
  missedPods: z.optional(
    count(
      "Number of uninjected Pods that were created after effectiveSince and so should have been injected.",
    ),
  ),
  notUpgradablePods: z.optional(
    count("Number of outdated matched Pods that cannot be upgraded in place."),
  ),
  effectiveSince: z.optional(z.string()).register(docs, {
    description: "Time since which the current selection has been active.",
  }),
  selectionHash: z.optional(z.string()).register(docs, {
    description: "Hash of the selection that effectiveSince refers to.",
  }),
  latestRevision: z.optional(z.string()).register(docs, {
    description: "Name of the ControllerRevision for the current spec.",
  }),
  collisionCount: z.optional(count("Number of name collisions of ControllerRevisions.")),
  evictions: z.optional(z.array(evictionGuard)).register(docs, {
    description: "Workloads whose evicted Pod has no replacement in the desired state yet.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["workload"],
  }),
  conditions: z.optional(z.array(condition)).register(docs, {
    description: "Conditions of type Ready, Progressing and PodsMissed.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  }),
});
export type SidecarSetStatus = z.infer<typeof sidecarSetStatus>;
