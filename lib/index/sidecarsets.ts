import type { Labels, LabelSelector } from "../api/meta.ts";
import { NAMESPACE_NAME_LABEL } from "../api/names.ts";
import type { SidecarSet, SidecarSetSpec } from "../api/sidecarset.ts";
import { canaryBaseOf } from "../core/canary.ts";
import { memoized } from "../core/memoized.ts";
import type { NamespaceFacts, PreparedSidecarSet } from "../core/prepared.ts";
import { podMatcherOf } from "../core/select/pod_selection.ts";
import { usesPolicy } from "../core/registration/selection.ts";
import { Claims } from "../core/validate/claims.ts";
import { type RequiredLabel, requiredLabels } from "../core/select/label_selector.ts";
import { forEachInSteps, type Steps } from "../core/steps.ts";
import { LabelBuckets } from "./label_buckets.ts";
import { unversioned } from "./versions.ts";

/** A label that a Pod, or its namespace, needs for a SidecarSet to select the Pod. */
interface Anchor extends RequiredLabel {
  readonly on: "pod" | "namespace";
}

/** Number of SidecarSets with the same names from which selectors are compared first. */
const MANY = 64;

/** SidecarSets by a label that they require: matching a Pod costs O(1) in the number of SidecarSets. */
export class SidecarSetIndex {
  readonly #byName = new Map<string, PreparedSidecarSet>();
  readonly #anchored = { pod: new LabelBuckets(), namespace: new LabelBuckets() };
  /** SidecarSets that require no label. */
  readonly #others = new Set<string>();
  readonly #claims = new Claims();
  readonly #usingPolicy = new Set<string>();
  /** Compiled when a Pod first has the label. */
  readonly #matcher = memoized(podMatcherOf);

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): PreparedSidecarSet | undefined {
    return this.#byName.get(name);
  }

  values(): IterableIterator<PreparedSidecarSet> {
    return this.#byName.values();
  }

  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** The SidecarSets that ask to be injected by the API server itself. */
  get usingPolicy(): readonly PreparedSidecarSet[] {
    return [...this.#usingPolicy].flatMap((name) => this.#byName.get(name) ?? []);
  }

  apply(prepared: PreparedSidecarSet): void {
    const { name, sidecarSet } = prepared;
    const known = this.#byName.get(name);
    if (known && isFoundAlike(known, prepared)) {
      this.#byName.set(name, prepared);
      return;
    }
    this.delete(name);
    this.#byName.set(name, prepared);
    this.#claims.add(sidecarSet);
    if (usesPolicy(prepared)) this.#usingPolicy.add(name);
    const anchor = this.#rarest(anchorsOf(sidecarSet.spec));
    if (anchor) this.#anchored[anchor.on].add(anchor, name);
    else this.#others.add(name);
  }

  /** After a rollback of the store, the next state of a SidecarSet is the newer one. */
  *forgetVersions(): Steps<void> {
    yield* forEachInSteps([...this.#byName.keys()], (name) => {
      const prepared = this.#byName.get(name);
      if (prepared === undefined) return;
      this.apply({ ...prepared, sidecarSet: unversioned(prepared.sidecarSet) });
    });
  }

  delete(name: string): void {
    const known = this.#byName.get(name);
    if (!known) return;
    this.#byName.delete(name);
    this.#claims.remove(known.sidecarSet);
    this.#usingPolicy.delete(name);
    if (this.#others.delete(name)) return;
    for (const anchor of anchorsOf(known.sidecarSet.spec)) {
      this.#anchored[anchor.on].delete(anchor, name);
    }
  }

  /** The SidecarSets that select a Pod with these labels in this namespace, canaries and their bases alike. */
  match(labels: Labels, namespace: NamespaceFacts): PreparedSidecarSet[] {
    const found: PreparedSidecarSet[] = [];
    const place = { labels, namespace };
    const take = (candidates: Iterable<string>) => {
      for (const name of candidates) {
        const prepared = this.#byName.get(name);
        if (prepared && this.#matcher(prepared.sidecarSet.spec)(place)) found.push(prepared);
      }
    };
    const { pod: onPod, namespace: onNamespace } = this.#anchored;
    for (const key of Object.keys(labels)) onPod.visit(key, labels[key] ?? "", take);
    if (!onNamespace.isEmpty) {
      for (const key of Object.keys(namespace.labels)) {
        onNamespace.visit(key, namespace.labels[key] ?? "", take);
      }
      if (!(NAMESPACE_NAME_LABEL in namespace.labels)) {
        onNamespace.visit(NAMESPACE_NAME_LABEL, namespace.name, take);
      }
    }
    take(this.#others);
    return found;
  }

  /**
   * The SidecarSets that can be in conflict with this one, its base and its canaries. Costs O(1) in the number of
   * SidecarSets, unless many add the same names and can select the same Pods as this one.
   */
  related(sidecarSet: SidecarSet): SidecarSet[] {
    const claimants = this.#claims.claimants(sidecarSet);
    const count = claimants.reduce((sum, names) => sum + names.size, 0);
    const overlapping = count > MANY ? this.#mayOverlap(sidecarSet, count) : undefined;
    const candidates = overlapping?.filter((name) => claimants.some((names) => names.has(name))) ??
      claimants.flatMap((names) => [...names]);
    const base = canaryBaseOf(sidecarSet);
    const canaries = this.#claims.canariesOf(sidecarSet.metadata.name ?? "");
    return [...new Set([...candidates, ...canaries, ...(base === undefined ? [] : [base])])]
      .flatMap((name) => this.#byName.get(name)?.sidecarSet ?? []);
  }

  /**
   * Names of the SidecarSets whose selection is not excluded by one required label; undefined if there are at least as
   * many as the limit.
   */
  #mayOverlap({ spec }: SidecarSet, limit: number): string[] | undefined {
    const found: string[] = [];
    const take = (candidates: Iterable<string>) => {
      for (const name of candidates) if (found.push(name) >= limit) return false;
      return true;
    };
    const required = anchorsOf(spec);
    for (const on of ["pod", "namespace"] as const) {
      const own = required.filter((anchor) => anchor.on === on);
      for (const bucket of this.#anchored[on].compatible(own)) if (!take(bucket)) return undefined;
    }
    return take(this.#others) ? found : undefined;
  }

  /** The anchor whose fullest bucket is emptiest: a label that all SidecarSets share would find all of them. */
  #rarest(anchors: readonly Anchor[]): Anchor | undefined {
    let best: Anchor | undefined;
    let least = Infinity;
    for (const anchor of anchors) {
      const fullest = this.#anchored[anchor.on].fullest(anchor);
      if (fullest >= least) continue;
      best = anchor;
      least = fullest;
    }
    return best;
  }
}

/** Whether both states are found by the same names, labels and base; most changes are of the status. */
function isFoundAlike(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return a.sidecarSet.spec === b.sidecarSet.spec &&
    canaryBaseOf(a.sidecarSet) === canaryBaseOf(b.sidecarSet);
}

function anchorsOf(spec: SidecarSetSpec): Anchor[] {
  const named = spec.namespace
    ? [{ on: "namespace" as const, key: NAMESPACE_NAME_LABEL, values: [spec.namespace] }]
    : [];
  return [
    ...labelsOf("pod", spec.selector),
    ...named,
    ...labelsOf("namespace", spec.namespaceSelector),
  ];
}

function labelsOf(on: Anchor["on"], selector: LabelSelector | undefined): Anchor[] {
  return selector ? requiredLabels(selector).map((label) => ({ on, ...label })) : [];
}
