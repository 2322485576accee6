import type { FieldProblem } from "../api/field_problem.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import { validateSidecarSet, validateStoredSidecarSet } from "../core/validate/validate.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { SidecarSetValidationInput } from "../webhook/sidecarsets.ts";

export interface Validation {
  /** What is wrong with a stored SidecarSet by itself. */
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
  /** What is wrong with a SidecarSet that is to be stored, beside the others of the cluster. */
  validate(input: SidecarSetValidationInput): readonly FieldProblem[];
  /** Takes over the text of the allow-list ConfigMap; undefined where there is none. */
  setAllowList(text: string | undefined): void;
}

export interface ValidationOptions {
  readonly index: ClusterIndex;
  readonly requireAllowList: boolean;
  /** The allow-list that OpenKruise has left, for as long as there is none of ours. */
  legacyAllowList(): string | undefined;
}

export function createValidation(
  { index, requireAllowList, legacyAllowList }: ValidationOptions,
): Validation {
  let ownAllowList: string | undefined;
  return {
    problemsOf: validateStoredSidecarSet,
    validate({ name, object, oldSidecarSet }) {
      const allowList = ownAllowList ?? legacyAllowList();
      return validateSidecarSet({
        operation: oldSidecarSet ? "UPDATE" : "CREATE",
        object,
        ...(oldSidecarSet ? { old: oldSidecarSet } : {}),
        others: [...index.sidecarSets.values()].map((prepared) => prepared.sidecarSet),
        revisions: index.revisions.of(name),
        ...(allowList === undefined ? {} : { allowList }),
        requireAllowList,
      });
    },
    setAllowList: (text) => ownAllowList = text,
  };
}
