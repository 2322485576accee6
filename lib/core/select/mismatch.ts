import type { Labels, LabelSelector } from "../../api/meta.ts";
import {
  holds,
  isEmptySelector,
  isWellFormed,
  type Requirement,
  requirementsOf,
} from "./label_selector.ts";
import { type PodPlace, type Selection, selectsSomeNamespaces } from "./pod_selection.ts";

/** Why a SidecarSet does not select a Pod. */
interface Mismatch {
  /** The field that does not match: `spec.selector`. */
  readonly field: string;
  /** The requirement, and the actual value. */
  readonly message: string;
}

/**
 * Why a SidecarSet does not select a Pod: the first requirement that the Pod or its namespace fails; undefined if
 * it selects the Pod.
 */
export function explainMismatch(
  spec: Selection,
  { labels, namespace }: PodPlace,
): Mismatch | undefined {
  if (spec.selector === undefined) {
    return { field: "spec.selector", message: "selects no Pod because it is not set" };
  }
  if (isEmptySelector(spec.selector) && !selectsSomeNamespaces(spec)) {
    return {
      field: "spec.selector",
      message: "selects no Pod because it is empty and no namespaceSelector is set",
    };
  }
  if (spec.namespace && spec.namespace !== namespace.name) {
    return {
      field: "spec.namespace",
      message: `is ${spec.namespace}: the Pod is in namespace ${namespace.name}`,
    };
  }
  return unmet(spec.namespaceSelector, {
    labels: namespace.labels,
    field: "spec.namespaceSelector",
    owner: `namespace ${namespace.name}`,
  }) ?? unmet(spec.selector, { labels, field: "spec.selector", owner: "the Pod" });
}

interface Subject {
  readonly labels: Labels;
  readonly field: string;
  readonly owner: string;
}

function unmet(selector: LabelSelector | undefined, subject: Subject): Mismatch | undefined {
  if (selector === undefined) return undefined;
  const requirements = requirementsOf(selector);
  const malformed = requirements.find((requirement) => !isWellFormed(requirement));
  if (malformed !== undefined) {
    const message = `matches nothing because its requirement "${written(malformed)}" is not valid`;
    return { field: subject.field, message };
  }
  const failing = requirements.find((requirement) => !holds(requirement, subject.labels));
  if (failing === undefined) return undefined;
  const { labels, field, owner } = subject;
  const current = Object.hasOwn(labels, failing.key)
    ? `has ${failing.key}=${labels[failing.key]}`
    : `has no label ${failing.key}`;
  return { field, message: `requires "${written(failing)}": ${owner} ${current}` };
}

/** A requirement in the syntax of `kubectl get --selector`. */
function written({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "In":
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(",")})`;
    case "NotIn":
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(",")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return `${key} ${operator} (${values.join(",")})`;
  }
}
