import * as z from "zod/mini";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { injectedSidecarSets } from "../../../lib/core/annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { selectsPod } from "../../../lib/core/select/pod_selection.ts";
import { classifyPod, countPods, hasTrait, PodTrait } from "../../../lib/core/status/pod_class.ts";
import { isActive } from "../../../lib/core/status/readiness.ts";
import { hasAllContainers } from "../../../lib/core/status/record.ts";
import { sidecarContainerNames } from "../../../lib/core/status/containers.ts";
import type { CompatGroup, Verdict } from "../contract.ts";
import { asInjected, prepareRecorded } from "../rollout/cases.ts";
import { modelFailure, verdictOf } from "../rollout/compare.ts";
import { hasForeignDigest, isWholeConsistent } from "../rollout/consistency.ts";
import { type Corrected, isReady, isUpdated } from "../rollout/openkruise.ts";

const statusCase = z.object({
  namespaceLabels: z.record(z.string(), z.record(z.string(), z.string())),
  sidecarSet: z.custom<SidecarSet>(),
  pods: z.nullable(z.array(z.custom<Pod>())),
  result: z.record(z.string(), z.number()),
  podNames: z.record(z.string(), z.array(z.string())),
});

/** Pods by what they count as; names are `namespace/name`. */
interface Counted {
  readonly matched: readonly string[];
  readonly updated: readonly string[];
  readonly ready: readonly string[];
  readonly updatedReady: readonly string[];
}

interface Scene {
  readonly prepared: PreparedSidecarSet;
  /** Active Pods that the SidecarSet selects and that name it. */
  readonly pods: readonly Pod[];
}

const departures = [
  {
    number: "D-5",
    says: "a Pod with some of the containers is matched, and one with none of them is not",
    applies: ({ pods, prepared }: Scene) =>
      pods.some((pod) => hasAllRegularContainers(pod, prepared) !== hasAContainer(pod, prepared)),
  },
  {
    number: "B-19",
    says: "a Pod with another empty image than the SidecarSet's stays ready",
    applies: ({ pods, prepared }: Scene) =>
      pods.some((pod) =>
        isReady(pod, prepared, new Set()) !== isReady(pod, prepared, new Set(["B-19"]))
      ),
  },
  {
    number: "digest",
    says:
      "a Pod that was never changed in place is consistent, whatever digest its runtime reports",
    applies: ({ pods, prepared }: Scene) => pods.some((pod) => hasForeignDigest(pod, prepared)),
  },
];

/** `pkg/controller/sidecarset/sidecarset_processor.go:getMatchingPods`, `calculateStatus` */
export const status: CompatGroup = {
  name: "status",
  files: "status.json",
  departures,
  judge(testCase): Verdict {
    const { sidecarSet, ...read } = z.parse(statusCase, testCase);
    const prepared = prepareRecorded(sidecarSet, { name: "" });
    const all = (read.pods ?? [])
      .map((pod) => asInjected(pod, sidecarSet))
      .sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1);
    const selected = (pod: Pod) => {
      const name = pod.metadata.namespace ?? "";
      const labels = read.namespaceLabels[name] ?? {};
      return selectsPod(sidecarSet.spec, {
        labels: pod.metadata.labels ?? {},
        namespace: { name, labels },
      });
    };
    const pods = all.filter((pod) =>
      selected(pod) && isActive(pod) && injectedSidecarSets(pod).includes(prepared.name)
    );
    const scene = { prepared, pods };
    const applying = departures.filter(({ applies }) => applies(scene)).map(({ number }) => number);
    const recorded = withNumbers(namesOnly(read.podNames));
    const failure = modelFailure(recorded, withNumbers(count(scene, new Set())));
    if (failure !== undefined) return failure;

    const classes = all.map((pod) => classifyPod(pod, prepared, { selected: selected(pod) }));
    const having = (...traits: number[]) =>
      all.filter((_, i) => traits.every((trait) => hasTrait(classes[i] ?? 0, trait))).map(nameOf);
    const actual = {
      matched: having(PodTrait.Matched),
      updated: having(PodTrait.Updated),
      ready: having(PodTrait.Ready),
      updatedReady: having(PodTrait.Updated, PodTrait.Ready),
    };
    const { matchedPods, updatedPods, readyPods, updatedReadyPods } = countPods(classes);
    return verdictOf({
      recorded,
      expected: withNumbers(count(scene, new Set(applying))),
      actual: { ...actual, numbers: [matchedPods, updatedPods, readyPods, updatedReadyPods] },
      applying,
    });
  },
};

function withNumbers(counted: Counted): Counted & { readonly numbers: readonly number[] } {
  const { matched, updated, ready, updatedReady } = counted;
  const numbers = [matched, updated, ready, updatedReady].map(({ length }) => length);
  return { ...counted, numbers };
}

/** A second, plain reading of how OpenKruise counts, with some of its defects corrected. */
function count({ prepared, pods }: Scene, corrected: Corrected): Counted {
  const isMatched = corrected.has("D-5") ? hasAContainer : hasAllRegularContainers;
  const matched = pods.filter((pod) => isMatched(pod, prepared));
  const updated = matched.filter((pod) => isUpdated(pod, prepared));
  const ready = matched.filter((pod) =>
    isWholeConsistent(pod, prepared, corrected) && isReady(pod, prepared, corrected)
  );
  return {
    matched: matched.map(nameOf),
    updated: updated.map(nameOf),
    ready: ready.map(nameOf),
    updatedReady: updated.filter((pod) => ready.includes(pod)).map(nameOf),
  };
}

/** OpenKruise does not look for the containers of native sidecars. */
function hasAllRegularContainers(pod: Pod, prepared: PreparedSidecarSet): boolean {
  const { initContainers: _, ...spec } = prepared.sidecarSet.spec;
  const sidecarSet = { ...prepared.sidecarSet, spec };
  return hasAllContainers(pod, { ...prepared, sidecarSet });
}

function hasAContainer(pod: Pod, { sidecarSet }: PreparedSidecarSet): boolean {
  const names = sidecarContainerNames(sidecarSet);
  for (const { name } of sidecarSet.spec.initContainers ?? []) names.add(name);
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
    .some((container) => names.has(container.name));
}

function nameOf({ metadata: { namespace = "", name = "" } }: Pod): string {
  return `${namespace}/${name}`;
}

function namesOnly(recorded: Record<string, string[]>): Counted {
  const { matched = [], updated = [], ready = [], updatedReady = [] } = recorded;
  return { matched, updated, ready, updatedReady };
}
