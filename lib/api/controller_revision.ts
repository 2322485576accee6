import type { JsonObject } from "./json.ts";
import type { ObjectMeta } from "./meta.ts";

/** An apps/v1 ControllerRevision; `data` is a strategic merge patch of the parts of a SidecarSet that get injected. */
export interface ControllerRevision {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  data?: JsonObject;
  revision: number;
}
