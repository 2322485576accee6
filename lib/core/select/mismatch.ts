import type { Labels, LabelSelector } from "../../api/meta.ts";
import { holds, isWellFormed } from "./label_selector.ts";
import { type PodPlace, type Selection, selectsSomeNamespaces } from "./pod_selection.ts";
import { isEmptySelector, type Requirement, requirementsOf } from "./requirements.ts";

/** Why a SidecarSet does not select a Pod. */
export interface Mismatch {
  /** The field that rules the Pod out: `spec.selector`. */
  readonly field: string;
  /** What it asks for and what is there instead. */
  readonly message: string;
}

/** The first thing about a Pod or its namespace that keeps a SidecarSet from selecting it; undefined when it does select it. */
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

/** A requirement as `kubectl get --selector` takes it. */
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
