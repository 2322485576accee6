import * as z from "zod/mini";

/** Definition of core/v1 in the API server's OpenAPI document. */
export type EmbeddedDefinition =
  | "Container"
  | "EnvFromSource"
  | "EnvVar"
  | "Volume"
  | "VolumeMount";

/** Metadata of a field that goes into the CRD unchanged. */
interface FieldDoc {
  description?: string;
  default?: unknown;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic";
  "x-kubernetes-validations"?: { rule: string; message: string; optionalOldSelf?: boolean }[];
  /** Definition in the API server's OpenAPI document whose fields the CRD adds to those of this schema. */
  "x-embeds"?: EmbeddedDefinition;
}

export const docs: z.core.$ZodRegistry<FieldDoc> = z.registry<FieldDoc>();
