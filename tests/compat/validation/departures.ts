import { CANARY_BASE_ANNOTATION, REVISION_OWNER_LABEL } from "../../../lib/api/names.ts";
import { canaryBaseOf } from "../../../lib/core/canary.ts";
import { isEmptySelector } from "../../../lib/core/select/label_selector.ts";
import { labelValueProblem } from "../../../lib/core/select/label_syntax.ts";
import { selectorProblems } from "../../../lib/core/select/selector_problems.ts";
import type { Departure } from "../contract.ts";
import { refusing, withConflicts, without, withoutErrorsAt } from "./amendments.ts";
import { conflictErrors } from "./conflicts.ts";
import { refusedEnums } from "./enums.ts";
import { differsByType, EXPRESSION_ERROR, refusedExpressions } from "./expressions.ts";
import { badPairs, sourcelessTransfers, uncheckedStrategy } from "./findings.ts";
import { newerFields } from "./newer_pods.ts";
import { hasAllowedKeys, hasRefusedKeys } from "./patch_metadata.ts";
import { podDefaults } from "./pod_defaults.ts";
import type { ValidationCase } from "./validation_case.ts";

export type Outcome = Pick<ValidationCase, "allowed" | "errors">;

export interface ValidationDeparture extends Departure<ValidationCase> {
  expected(testCase: ValidationCase): Outcome;
}

/** In the order in which they are applied, each to the outcome that the one before has left. */
export const departures: readonly ValidationDeparture[] = [
  {
    number: "D-9",
    says: "the API server's defaults for Pods come before the checks of containers and volumes",
    applies: ({ object }) => podDefaults(object).length > 0,
    expected: (testCase) => withoutErrorsAt(testCase, podDefaults(testCase.object)),
  },
  {
    number: "D-10",
    says: "what a newer supported Kubernetes takes in a Pod is taken",
    applies: ({ object }) => newerFields(object).length > 0,
    expected: (testCase) => withoutErrorsAt(testCase, newerFields(testCase.object)),
  },
  {
    number: "D-1",
    says: "native sidecars may have RollingUpdate",
    applies: ({ object: { spec } }) =>
      spec.updateStrategy?.type === "RollingUpdate" &&
      (spec.initContainers ?? []).some(({ restartPolicy }) => restartPolicy === "Always"),
    expected: (testCase) =>
      without(
        testCase,
        ({ field, type }) => field === "spec.updateStrategy" && type === "Required",
      ),
  },
  {
    number: "B-32",
    says: "containers may be added on update",
    applies: ({ object, old }) => {
      const oldNames = old?.spec.containers?.map(({ name }) => name) ?? [];
      return old !== undefined &&
        (object.spec.containers ?? []).some(({ name }) => !oldNames.includes(name));
    },
    expected: (testCase) => without(testCase, ({ field }) => field === "spec.containers.name"),
  },
  {
    number: "D-8",
    says: "an empty selector means every Pod of the namespaces that namespaceSelector selects",
    applies: ({ object: { spec } }) =>
      spec.selector !== undefined && isEmptySelector(spec.selector) &&
      spec.namespaceSelector !== undefined && !isEmptySelector(spec.namespaceSelector),
    expected: (testCase) => without(testCase, ({ field }) => field === "spec.selector"),
  },
  {
    number: "B-33",
    says: "expressions are checked by type, and unknown suffixes refused (B-34)",
    applies: ({ object }) => differsByType(object),
    expected: (testCase) =>
      refusing(
        without(testCase, ({ field }) => EXPRESSION_ERROR.test(field)),
        refusedExpressions(testCase.object),
      ),
  },
  {
    number: "B-9",
    says: "a SidecarSet may be edited while it has a canary",
    applies: ({ object, others }) =>
      others.some((other) => canaryBaseOf(other) === object.metadata.name),
    expected: (testCase) => withConflicts(testCase, { ownCanaries: true, exact: false }),
  },
  {
    number: "B-31",
    says: "overlap is exact, and names clash as they are in the Pod",
    applies: (testCase) =>
      JSON.stringify(conflictErrors(testCase, { ownCanaries: true, exact: false })) !==
        JSON.stringify(conflictErrors(testCase, { ownCanaries: true, exact: true })),
    expected: (testCase) => withConflicts(testCase, { ownCanaries: true, exact: true }),
  },
  {
    number: "B-10",
    says: "a SidecarSet cannot become a canary, nor a canary have canaries",
    applies: ({ object, old, others }) =>
      canaryBaseOf(object) !== undefined &&
      ((old !== undefined && canaryBaseOf(old) === undefined &&
        old.metadata.annotations?.[CANARY_BASE_ANNOTATION] === canaryBaseOf(object)) ||
        others.some((other) =>
          other.metadata.name !== object.metadata.name &&
          canaryBaseOf(other) === object.metadata.name
        )),
    expected: (testCase) => refusing(testCase, ["metadata.annotations"]),
  },
  {
    number: "B-25",
    says: "transferEnv without a source is refused",
    applies: ({ object }) => sourcelessTransfers(object).length > 0,
    expected: (testCase) => refusing(testCase, sourcelessTransfers(testCase.object)),
  },
  {
    number: "B-26",
    says: "values outside an enum are refused",
    applies: ({ object }) => refusedEnums(object).length > 0,
    expected: (testCase) => refusing(testCase, refusedEnums(testCase.object)),
  },
  {
    number: "B-26",
    says: "the update strategy is checked whatever its type is",
    applies: ({ object }) =>
      object.spec.updateStrategy?.type !== "RollingUpdate" && uncheckedStrategy(object).length > 0,
    expected: (testCase) => refusing(testCase, uncheckedStrategy(testCase.object)),
  },
  {
    number: "B-27",
    says: "a hot upgrade needs an idle image and room for its names",
    applies: ({ object }) => badPairs(object).length > 0,
    expected: (testCase) => refusing(testCase, badPairs(testCase.object)),
  },
  {
    number: "B-28",
    says: "a pinned revision belongs to the SidecarSet",
    applies: ({ object, revisions }) => {
      const name = object.spec.injectionStrategy?.revision?.revisionName;
      const owner = revisions.find(({ metadata }) => metadata.name === name)?.metadata
        .labels?.[REVISION_OWNER_LABEL];
      return owner !== undefined && owner !== object.metadata.name;
    },
    expected: (testCase) => refusing(testCase, ["spec.injectionStrategy.revision.revisionName"]),
  },
  {
    number: "B-29",
    says: "a custom version is a label value",
    applies: ({ object }) => labelValueProblem(object.spec.customVersion ?? "") !== undefined,
    expected: (testCase) => refusing(testCase, ["spec.customVersion"]),
  },
  {
    number: "D-3",
    says: "namespace and namespaceSelector count in both versions",
    applies: ({ object: { apiVersion, spec } }) =>
      Boolean(spec.namespace) && apiVersion?.endsWith("/v1alpha1") === true &&
      spec.namespaceSelector !== undefined &&
      (isEmptySelector(spec.namespaceSelector) ||
        selectorProblems(spec.namespaceSelector, "").length > 0),
    expected: (testCase) => refusing(testCase, ["spec.namespaceSelector"]),
  },
  {
    number: "D-2",
    says: "an allow-list only adds to what is allowed: ordinary annotations always are",
    applies: hasAllowedKeys,
    expected: (testCase) =>
      without(
        testCase,
        ({ field, type }) => field === "spec.patchPodMetadata" && type === "Required",
      ),
  },
  {
    number: "D-2",
    says: "reserved annotations are refused unless the allow-list names them",
    applies: hasRefusedKeys,
    expected: (testCase) => refusing(testCase, ["spec.patchPodMetadata"]),
  },
];
