import type { ControllerRevision } from "../../api/objects.ts";
import type { Read } from "../../api/problems.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import type { Field } from "./field.ts";

/** Input for validating a SidecarSet. */
export interface ValidationInput {
  readonly operation: "CREATE" | "UPDATE";
  /** The SidecarSet with its defaults applied; any JSON value. */
  readonly object: unknown;
  /** The object read by its schema, where the caller has done so. */
  readonly read?: Read<SidecarSet>;
  /** The stored object of an update. */
  readonly old?: SidecarSet;
  /**
   * The SidecarSets of the cluster that matter: those that add a name that the object adds, its base and its canaries
   * (see `Claims`). The object itself and others are ignored.
   */
  readonly others: readonly SidecarSet[];
  /** ControllerRevisions in the controller's namespace, of any owner. */
  readonly revisions: readonly ControllerRevision[];
  /** The text of the allow-list for `patchPodMetadata`; absent without that ConfigMap. */
  readonly allowList?: string;
  /** Whether annotations and labels are refused without an allow-list. */
  readonly requireAllowList: boolean;
  /**
   * Whether containers may be privileged (`--allow-privileged` of the API server).
   * @default true
   */
  readonly allowPrivileged?: boolean;
}

/** The fields of a spec to report problems on, and what it is validated against. */
export interface ContentSubject {
  readonly spec: Field;
  readonly input: ValidationInput;
}

/** The fields of a SidecarSet. */
export interface Subject extends ContentSubject {
  readonly metadata: Field;
  /** The parsed SidecarSet; undefined if it does not match the schema. */
  readonly sidecarSet: SidecarSet | undefined;
}

/** A rule: reports problems on the subject's fields. */
export type Rule = (subject: Subject) => void;

/** A rule of everything in the spec but the selection. */
export type ContentRule = (subject: ContentSubject) => void;
