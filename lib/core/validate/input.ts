import type { ControllerRevision } from "../../api/controller_revision.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { Field } from "./field.ts";

/** All that the validity of a SidecarSet depends on. */
export interface ValidationInput {
  readonly operation: "CREATE" | "UPDATE";
  /** The SidecarSet with its defaults applied; any JSON value. */
  readonly object: unknown;
  /** What is stored, for an update. */
  readonly old?: SidecarSet;
  /** The SidecarSets of the cluster; the object's own stored copy may be among them. */
  readonly others: readonly SidecarSet[];
  /** The ControllerRevisions in the controller's namespace, of any owner. */
  readonly revisions: readonly ControllerRevision[];
  /** The text of the allow-list for `patchPodMetadata`; absent without that ConfigMap. */
  readonly allowList?: string;
  /** Whether annotations may only be set when an allow-list names them. */
  readonly requireAllowList: boolean;
  /**
   * Whether containers may be privileged, as `--allow-privileged` of the API server says.
   * @default true
   */
  readonly allowPrivileged?: boolean;
}

/** What a rule looks at. */
export interface Subject {
  readonly metadata: Field;
  readonly spec: Field;
  /** The object as a typed SidecarSet; undefined where its schema does not hold. */
  readonly sidecarSet: SidecarSet | undefined;
  readonly input: ValidationInput;
}

/** One rule: says on the subject's fields what is wrong with them. */
export type Rule = (subject: Subject) => void;
