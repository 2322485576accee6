import type { Labels } from "../../api/meta.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import type { NamespaceFacts } from "../prepared.ts";
import { matcherOf } from "./label_selector.ts";
import { isEmptySelector } from "./requirements.ts";

/** What decides which Pods a SidecarSet selects. */
export type Selection = Pick<SidecarSetSpec, "selector" | "namespace" | "namespaceSelector">;

/** A Pod's labels and the namespace it is in. */
export interface PodPlace {
  readonly labels: Labels;
  readonly namespace: NamespaceFacts;
}

/** Whether Pods of a namespace may be selected: `namespace` and `namespaceSelector` must both hold where they are set. */
export function selectsNamespace(spec: Selection, namespace: NamespaceFacts): boolean {
  return namespaceMatcherOf(spec)(namespace);
}

/**
 * Whether a SidecarSet selects a Pod. Without a selector it selects none; with an empty one every Pod of the namespaces that its
 * `namespaceSelector` selects, and none where that is not set.
 *
 * @see `openkruise/kruise/pkg/control/sidecarcontrol/util.go:PodMatchedSidecarSet`
 */
export function selectsPod(spec: Selection, place: PodPlace): boolean {
  return podMatcherOf(spec)(place);
}

/** The same for a SidecarSet that many Pods are held against. */
export function podMatcherOf(spec: Selection): (place: PodPlace) => boolean {
  const { selector } = spec;
  if (selector === undefined) return () => false;
  if (isEmptySelector(selector) && !selectsSomeNamespaces(spec)) return () => false;
  const matchesPod = matcherOf(selector);
  const matchesNamespace = namespaceMatcherOf(spec);
  return ({ labels, namespace }) => matchesPod(labels) && matchesNamespace(namespace);
}

function namespaceMatcherOf(
  { namespace: wanted, namespaceSelector }: Selection,
): (namespace: NamespaceFacts) => boolean {
  const matchesLabels = namespaceSelector && matcherOf(namespaceSelector);
  return ({ name, labels }) =>
    (!wanted || wanted === name) && (matchesLabels === undefined || matchesLabels(labels));
}

/** Whether a `namespaceSelector` asks for anything, so that an empty `selector` has a meaning (D-8). */
export function selectsSomeNamespaces({ namespaceSelector }: Selection): boolean {
  return namespaceSelector !== undefined && !isEmptySelector(namespaceSelector);
}
