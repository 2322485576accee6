import * as z from "zod/mini";

/** What a schema says of a field beyond its type; goes into the CRD as it stands. */
export interface FieldDoc {
  description?: string;
  default?: unknown;
  "x-kubernetes-int-or-string"?: boolean;
  "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  "x-kubernetes-list-map-keys"?: string[];
  "x-kubernetes-map-type"?: "atomic";
  "x-kubernetes-validations"?: { rule: string; message: string; optionalOldSelf?: boolean }[];
  /** The definition of the API server's OpenAPI that the CRD inlines around this schema's own fields. */
  "x-embeds"?: "Container" | "Volume";
}

export const docs: z.core.$ZodRegistry<FieldDoc> = z.registry<FieldDoc>();
