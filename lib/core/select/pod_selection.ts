import type { Labels } from "../../api/meta.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import type { NamespaceFacts } from "../prepared.ts";
import { isEmptySelector, matcherOf } from "./label_selector.ts";

/** The fields of a SidecarSet that select Pods. */
export type Selection = Pick<SidecarSetSpec, "selector" | "namespace" | "namespaceSelector">;

/** A Pod's labels and the namespace it is in. */
export interface PodPlace {
  readonly labels: Labels;
  readonly namespace: NamespaceFacts;
}

/** Whether Pods of a namespace can be selected: both `namespace` and `namespaceSelector` must match if set. */
export function selectsNamespace(spec: Selection, namespace: NamespaceFacts): boolean {
  return namespaceMatcherOf(spec)(namespace);
}

/**
 * Whether a SidecarSet selects a Pod. An absent selector selects nothing. An empty one selects every Pod in
 * namespaces that `namespaceSelector` matches, and nothing without a `namespaceSelector`.
 *
 * @see `openkruise/kruise/pkg/control/sidecarcontrol/util.go:PodMatchedSidecarSet`
 */
export function selectsPod(spec: Selection, place: PodPlace): boolean {
  return podMatcherOf(spec)(place);
}

/** Precompiles {@linkcode selectsPod} for a SidecarSet that is matched often. */
export function podMatcherOf(spec: Selection): (place: PodPlace) => boolean {
  const { selector } = spec;
  if (selector === undefined) return () => false;
  if (isEmptySelector(selector) && !selectsSomeNamespaces(spec)) return () => false;
  const matchesPod = matcherOf(selector);
  const matchesNamespace = namespaceMatcherOf(spec);
  return ({ labels, namespace }) => matchesPod(labels) && matchesNamespace(namespace);
}

function namespaceMatcherOf(
  { namespace: required, namespaceSelector }: Selection,
): (namespace: NamespaceFacts) => boolean {
  const matchesLabels = namespaceSelector && matcherOf(namespaceSelector);
  return ({ name, labels }) =>
    (!required || required === name) && (matchesLabels === undefined || matchesLabels(labels));
}

/** Whether a `namespaceSelector` has requirements, so that an empty `selector` is allowed (D-8). */
export function selectsSomeNamespaces({ namespaceSelector }: Selection): boolean {
  return namespaceSelector !== undefined && !isEmptySelector(namespaceSelector);
}
