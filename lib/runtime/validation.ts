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

export function createValidation(
  { index, requireAllowList }: { index: ClusterIndex; requireAllowList: boolean },
): Validation {
  let allowList: string | undefined;
  return {
    problemsOf: validateStoredSidecarSet,
    validate({ name, object, oldSidecarSet }) {
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
    setAllowList: (text) => allowList = text,
  };
}
