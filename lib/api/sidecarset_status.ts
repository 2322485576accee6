import * as z from "zod/mini";
import { docs } from "./docs.ts";

const count = (description: string) => z.int().register(docs, { description });

export const condition = z.looseObject({
  type: z.string().register(docs, { description: "Ready, Progressing or PodsMissed." }),
  status: z.enum(["True", "False", "Unknown"]).register(docs, {
    description: "True, False or Unknown.",
  }),
  reason: z.string().register(docs, { description: "Cause of the status, in CamelCase." }),
  message: z.string().register(docs, { description: "Cause of the status, for people." }),
  lastTransitionTime: z.string().register(docs, {
    description: "When the status last changed.",
  }),
  observedGeneration: z.optional(count("Generation that the condition was computed for.")),
});
export type Condition = z.infer<typeof condition>;

export const evictionGuard = z.looseObject({
  workload: z.string().register(docs, { description: "uid of the workload." }),
  pod: z.string().register(docs, { description: "uid of the Pod that was evicted last." }),
  attempts: count("Evictions since a replacement was last as wanted."),
  lastEviction: z.string().register(docs, { description: "When the last of them was made." }),
  newestPod: z.string().register(docs, {
    description: "When the workload's youngest Pod of that time was created.",
  }),
  leftAlone: z.boolean().register(docs, {
    description: "A replacement was not as wanted either, so no more Pods are evicted.",
  }),
  observedGeneration: count("The SidecarSet's generation that the Pod was evicted for."),
});
/** What is remembered of the evictions of one workload's Pods, so that they can never go round in circles. */
export type EvictionGuard = z.infer<typeof evictionGuard>;

export const sidecarSetStatus = z.looseObject({
  observedGeneration: z.optional(count("The generation that all other values were computed for.")),
  matchedPods: z.optional(count("Selected, active Pods that have been injected.")),
  updatedPods: z.optional(count("Matched Pods whose hash is the current one.")),
  readyPods: z.optional(count("Matched Pods that are ready and run the images of their spec.")),
  updatedReadyPods: z.optional(count("Matched Pods that are both updated and ready.")),
  uninjectedPods: z.optional(count("Selected, active Pods that have not been injected.")),
  missedPods: z.optional(
    count("Uninjected Pods that were created since effectiveSince, so should have been injected."),
  ),
  notUpgradablePods: z.optional(
    count("Matched Pods that are outdated and cannot be upgraded in place."),
  ),
  effectiveSince: z.optional(z.string()).register(docs, {
    description: "Since when the current selection has been in force.",
  }),
  selectionHash: z.optional(z.string()).register(docs, {
    description: "Hash of the selection that effectiveSince belongs to.",
  }),
  latestRevision: z.optional(z.string()).register(docs, {
    description: "Name of the ControllerRevision of the current spec.",
  }),
  collisionCount: z.optional(count("Count of name collisions of revisions.")),
  evictions: z.optional(z.array(evictionGuard)).register(docs, {
    description: "Workloads of which a Pod was evicted and has not been replaced as wanted yet.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["workload"],
  }),
  conditions: z.optional(z.array(condition)).register(docs, {
    description: "Ready, Progressing and PodsMissed.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  }),
});
export type SidecarSetStatus = z.infer<typeof sidecarSetStatus>;
