import { labelSelector } from "../../api/meta.ts";
import { readAs } from "../../api/read.ts";
import { isEmptySelector } from "../select/label_selector.ts";
import { selectorProblems } from "../select/selector_problems.ts";
import type { Field } from "./field.ts";
import type { Subject } from "./input.ts";
import { checkDnsLabel } from "./syntax.ts";

/** `selector`, `namespace` and `namespaceSelector`. */
export function checkSelectors({ spec }: Subject): void {
  const namespace = spec.member("namespace");
  if (namespace.text() !== "") checkDnsLabel(namespace);
  const namespaceSelector = spec.member("namespaceSelector");
  const namespaceKind = checkSelector(namespaceSelector);
  if (namespaceKind === "empty") {
    namespaceSelector.invalid(
      "must have labels or expressions: leave it out to select all namespaces",
    );
  }

  const selector = spec.member("selector");
  if (!selector.isSet) {
    return selector.required("is required: without it the SidecarSet selects no Pod");
  }
  if (checkSelector(selector) === "empty" && namespaceKind !== "filled") {
    selector.invalid(
      "must have labels or expressions: only with a namespaceSelector may it be empty, and " +
        "then selects every Pod there",
    );
  }
}

/**
 * Checks a label selector by Kubernetes' rules.
 *
 * @returns whether it asks for anything; "absent" also where it cannot be read.
 */
export function checkSelector(field: Field): "absent" | "empty" | "filled" {
  if (!field.isSet) return "absent";
  const read = readAs(labelSelector, field.value);
  if (!read.ok) {
    field.report(read.problems.map((problem) => ({
      ...problem,
      field: problem.field === "" ? field.path : `${field.path}.${problem.field}`,
    })));
    return "absent";
  }
  field.report(selectorProblems(read.value, field.path));
  return isEmptySelector(read.value) ? "empty" : "filled";
}
