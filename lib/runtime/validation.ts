import { isObject } from "../api/json.ts";
import type { FieldProblem } from "../api/problems.ts";
import type { SidecarSet } from "../api/sidecarset.ts";
import type { RegistrationController } from "../controller/registration/controller.ts";
import { prepareSidecarSet, type ProblemsOf } from "../core/defaults/prepare.ts";
import { policyObstacles } from "../core/admission_policy/blockers.ts";
import { createMechanismPlanner } from "../core/admission_policy/plan.ts";
import type { PreparedSidecarSet } from "../core/prepared.ts";
import { coverageKey, injectingCoverageKey, isInjecting } from "../core/registration/selection.ts";
import { validateSidecarSet, validateStoredSidecarSet } from "../core/validate/validate.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { SidecarSetValidationInput } from "../webhook/sidecarsets.ts";
import { warningText } from "../webhook/warnings.ts";

/** Validates SidecarSets, those of the cluster and those that are being admitted. */
interface Validation {
  /** Problems of a stored SidecarSet by itself. */
  readonly problemsOf: ProblemsOf;
  /** Problems of a SidecarSet that is being admitted, those with other SidecarSets included. */
  validate(input: SidecarSetValidationInput): readonly FieldProblem[];
}

interface ValidationOptions {
  readonly index: ClusterIndex;
  readonly requireAllowList: boolean;
  /** The allow-list that OpenKruise has left, for as long as there is none of ours. */
  retainedAllowList(): string | undefined;
}

/** Creates the validation over the index, which has the other SidecarSets and the allow-list. */
export function createValidation(
  { index, requireAllowList, retainedAllowList }: ValidationOptions,
): Validation {
  return {
    problemsOf: validateStoredSidecarSet,
    validate({ name, object, read, oldSidecarSet }) {
      const allowList = index.allowList ?? retainedAllowList();
      return validateSidecarSet({
        operation: oldSidecarSet ? "UPDATE" : "CREATE",
        object,
        read,
        ...(oldSidecarSet ? { old: oldSidecarSet } : {}),
        others: read.ok ? index.sidecarSets.related(read.value) : [],
        revisions: index.revisions.of(name),
        ...(allowList === undefined ? {} : { allowList }),
        requireAllowList,
      });
    },
  };
}

interface MechanismWarningsOptions {
  readonly index: ClusterIndex;
  readonly excludedNamespaces: readonly string[];
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
}

/** Warns of what keeps a SidecarSet with `mechanism: Policy` with the webhook. */
export function createMechanismWarnings(
  { index, excludedNamespaces, problemsOf }: MechanismWarningsOptions,
): (input: SidecarSetValidationInput) => readonly string[] {
  const planMechanisms = createMechanismPlanner();

  function obstaclesOf(prepared: PreparedSidecarSet): readonly string[] {
    const { support } = index.policies;
    if (support?.isServed === false) return [support.problem];
    const own = policyObstacles(prepared.sidecarSet);
    if (own.length > 0) return own.map(({ message }) => message);
    const { name } = prepared;
    const others = [...index.sidecarSets.values()].filter((each) => each.name !== name);
    const { webhook } = planMechanisms({
      sidecarSets: [...others, prepared],
      revisionsOf: (each) => index.revisions.of(each),
      excludedNamespaces,
    });
    const obstacle = webhook.get(name);
    return obstacle === undefined ? [] : [obstacle.message];
  }

  return ({ object }) => {
    if (!asksForPolicy(object)) return [];
    const read = prepareSidecarSet(object, { problemsOf });
    if (!read.ok) return [];
    return obstaclesOf(read.value).map((message) =>
      warningText(`Injected by the webhook: ${message}`)
    );
  };
}

/** As `usesPolicy`, of an object of any shape: few SidecarSets are worth their preparation. */
function asksForPolicy(object: unknown): boolean {
  const spec = isObject(object) && isObject(object.spec) ? object.spec : {};
  return isObject(spec.injectionStrategy) && spec.injectionStrategy.mechanism === "Policy";
}

interface CoverageOptions {
  readonly registration: Pick<RegistrationController, "cover">;
  problemsOf(sidecarSet: SidecarSet): readonly FieldProblem[];
}

/** Covers a valid SidecarSet that is being admitted, if it selects other Pods or changes its failure policy. */
export function createCover(
  { registration, problemsOf }: CoverageOptions,
): (input: SidecarSetValidationInput) => Promise<boolean> | undefined {
  return function cover({ name, read, oldSidecarSet }) {
    // Its other parts cost more to compute and do not matter. Validation has found no problems.
    if (!read.ok || !isInjecting({ sidecarSet: read.value, problems: [] })) return undefined;
    const { metadata: { uid, generation = 1 }, spec } = read.value;
    const old = oldSidecarSet && prepareSidecarSet(oldSidecarSet, { problemsOf });
    if (old?.ok && coverageKey(old.value) === injectingCoverageKey(spec)) return undefined;
    if (uid === undefined) return undefined;
    const { failurePolicy, selector, namespace, namespaceSelector } = spec;
    return registration.cover({
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
