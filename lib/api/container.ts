import * as z from "zod/mini";
import { docs } from "./docs.ts";

/** What the program reads of a core/v1 Container. Fields not named here, known or future, stay as they came. */

export const envVar = z.looseObject({
  name: z.string(),
  value: z.optional(z.string()),
  valueFrom: z.optional(z.looseObject({
    fieldRef: z.optional(z.looseObject({
      apiVersion: z.optional(z.string()),
      fieldPath: z.string(),
    })),
  })),
});
export type EnvVar = z.infer<typeof envVar>;

export const volumeMount = z.looseObject({
  name: z.string(),
  mountPath: z.string(),
  subPath: z.optional(z.string()),
  subPathExpr: z.optional(z.string()),
  readOnly: z.optional(z.boolean()),
});
export type VolumeMount = z.infer<typeof volumeMount>;

const volumeDevice = z.looseObject({ name: z.string(), devicePath: z.string() });
export type VolumeDevice = z.infer<typeof volumeDevice>;

const quantity = z.union([z.string(), z.number()]);
const resourceList = z.record(z.string(), quantity);
export type ResourceList = z.infer<typeof resourceList>;

/** Requests and limits of one container, or some of them. */
export interface ResourceLists {
  readonly requests?: Readonly<ResourceList>;
  readonly limits?: Readonly<ResourceList>;
}

const resources = z.looseObject({
  limits: z.optional(resourceList),
  requests: z.optional(resourceList),
});

/** The shape shared by a Pod's containers and a SidecarSet's. */
export const containerShape = {
  name: z.string(),
  image: z.optional(z.string()),
  imagePullPolicy: z.optional(z.string()),
  restartPolicy: z.optional(z.string()),
  env: z.optional(z.array(envVar)),
  resources: z.optional(resources),
  volumeMounts: z.optional(z.array(volumeMount)),
  volumeDevices: z.optional(z.array(volumeDevice)),
};
export const container = z.looseObject(containerShape);
export type Container = z.infer<typeof container>;

export const volume = z.looseObject({ name: z.string() });
export type Volume = z.infer<typeof volume>;

export const localObjectReference = z.looseObject({
  name: z.optional(z.string()).register(docs, { description: "Name of the Secret." }),
});
export type LocalObjectReference = z.infer<typeof localObjectReference>;
