import * as z from "zod/mini";
import { docs } from "./docs.ts";

const count = (description: string) => z.int().register(docs, { description });

export const condition = z.looseObject({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.optional(z.int()),
});
export type Condition = z.infer<typeof condition>;

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
  latestRevision: z.optional(z.string()).register(docs, {
    description: "Name of the ControllerRevision of the current spec.",
  }),
  collisionCount: z.optional(count("Count of name collisions of revisions.")),
  conditions: z.optional(z.array(condition)).register(docs, {
    description: "Ready, Progressing and PodsMissed.",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  }),
});
export type SidecarSetStatus = z.infer<typeof sidecarSetStatus>;
