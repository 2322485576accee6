import type { LabelSelector } from "../../api/meta.ts";
import { requirementText } from "../registration/scope.ts";
import { isWellFormed, requirementsOf } from "../select/label_selector.ts";
import { type Selection, selectsSomeNamespaces } from "../select/pod_selection.ts";
import { allOf, celString } from "./cel.ts";

/** The policy's variables that hold labels; a map also where the object has none. */
const LABELS = "variables.labels";
export const NAMESPACE_LABELS = "variables.namespaceLabels";

/** The CEL condition of `selectsPod`: the Pod's labels, its namespace's name and labels. */
export function selectionText(spec: Selection): string {
  const { selector, namespace, namespaceSelector = {} } = spec;
  if (selector === undefined) return "false";
  const onPod = requirementTexts(selector, LABELS);
  const onNamespace = requirementTexts(namespaceSelector, NAMESPACE_LABELS);
  if (onPod === undefined || onNamespace === undefined) return "false";
  if (onPod.length === 0 && !selectsSomeNamespaces(spec)) return "false";
  const named = namespace ? [`namespaceObject.metadata.name == ${celString(namespace)}`] : [];
  return allOf([...onPod, ...named, ...onNamespace]);
}

/** Undefined for a selector that Kubernetes refuses, which matches nothing. */
function requirementTexts(selector: LabelSelector, labels: string): string[] | undefined {
  const requirements = requirementsOf(selector);
  if (!requirements.every(isWellFormed)) return undefined;
  return requirements.map((each) => requirementText(each, labels));
}
