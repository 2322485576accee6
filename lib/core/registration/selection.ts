import { createHash } from "node:crypto";
import type { LabelSelector } from "../../api/meta.ts";
import type { SidecarSetSpec } from "../../api/sidecarset.ts";
import type { PreparedSidecarSet } from "../prepared.ts";

/** The fields of the spec that select Pods and decide about Pods while the webhook is unavailable. */
export type SelectionSpec = Pick<
  SidecarSetSpec,
  "failurePolicy" | "selector" | "namespace" | "namespaceSelector"
>;

/** Whether the SidecarSet is injected into new Pods. */
export function isInjecting(
  { sidecarSet: { spec }, problems }: Pick<PreparedSidecarSet, "sidecarSet" | "problems">,
): boolean {
  return problems.length === 0 && spec.selector !== undefined &&
    spec.injectionStrategy?.paused !== true;
}

/** Whether the SidecarSet asks to be injected by the API server itself. */
export function usesPolicy({ sidecarSet: { spec } }: PreparedSidecarSet): boolean {
  return spec.injectionStrategy?.mechanism === "Policy";
}

/** Key that is equal for two generations if and only if they select the same new Pods. */
export function selectionKey({ sidecarSet: { spec }, problems }: PreparedSidecarSet): string {
  return keyOf(spec, problems.length === 0 && spec.injectionStrategy?.paused !== true);
}

/** Key that is equal for two states that need the same webhook entry. */
export function coverageKey(prepared: PreparedSidecarSet): string {
  return withPolicy(selectionKey(prepared), prepared.sidecarSet.spec);
}

/** The {@linkcode coverageKey} of a valid SidecarSet that is not paused and has this selection. */
export function injectingCoverageKey(spec: SelectionSpec): string {
  return withPolicy(keyOf(spec, true), spec);
}

/** Hash of a SidecarSet's selection, independent of the order of labels, expressions and values. */
export function selectionHash(spec: SelectionSpec): string {
  const canonical = JSON.stringify([
    canonicalSelector(spec.selector),
    spec.namespace ?? "",
    canonicalSelector(spec.namespaceSelector),
  ]);
  return createHash("sha256").update(canonical).digest("hex").slice(0, 16);
}

function keyOf(spec: SelectionSpec, injecting: boolean): string {
  return JSON.stringify([
    injecting,
    spec.selector ?? null,
    spec.namespace ?? null,
    spec.namespaceSelector ?? null,
  ]);
}

function withPolicy(key: string, { failurePolicy = "Ignore" }: SelectionSpec): string {
  return JSON.stringify([key, failurePolicy]);
}

function canonicalSelector(selector: LabelSelector | undefined): unknown {
  if (selector === undefined) return null;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    JSON.stringify([key, operator, values.toSorted()])
  );
  return [Object.entries(matchLabels).sort(([a], [b]) => a < b ? -1 : 1), expressions.sort()];
}
