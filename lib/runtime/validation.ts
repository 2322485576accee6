import type { FieldProblem } from "../api/field_problem.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { RegistrationWidener } from "../controller/registration/widener.ts";
import { prepareSidecarSet } from "../core/defaults/prepare.ts";
import { coverageKey, isInjecting } from "../core/registration/selection.ts";
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

export interface CoverageOptions {
  readonly widener: Pick<RegistrationWidener, "cover">;
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
}

/** Covers a valid SidecarSet that is being admitted where it selects other Pods than before, or with another failure policy. */
export function createCover(
  { widener, problemsOf }: CoverageOptions,
): (input: SidecarSetValidationInput) => Promise<boolean> | undefined {
  return function cover({ name, object, oldSidecarSet }) {
    const read = prepareSidecarSet(object, { problemsOf });
    if (!read.ok || !isInjecting(read.value)) return undefined;
    const old = oldSidecarSet && prepareSidecarSet(oldSidecarSet, { problemsOf });
    if (old?.ok && coverageKey(old.value) === coverageKey(read.value)) return undefined;
    const { metadata: { uid, generation = 1 }, spec } = read.value.sidecarSet;
    if (uid === undefined) return undefined;
    const { failurePolicy, selector, namespace, namespaceSelector } = spec;
    return widener.cover({
      ...{ name, uid, generation },
      spec: {
        ...(failurePolicy ? { failurePolicy } : {}),
        ...(selector ? { selector } : {}),
        ...(namespace === undefined ? {} : { namespace }),
        ...(namespaceSelector ? { namespaceSelector } : {}),
      },
    });
  };
}
