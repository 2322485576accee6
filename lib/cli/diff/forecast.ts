import type { Pod } from "../../api/pod.ts";
import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { RolloutPlan } from "../../core/rollout/contract.ts";
import { partialChanges } from "../../core/rollout/partial_update.ts";
import { planRollout } from "../../core/rollout/plan.ts";
import { upgradability } from "../../core/rollout/upgradable.ts";
import { countPods, hasTrait, type PodClass, PodTrait } from "../../core/status/pod_class.ts";
import { isActive } from "../../core/status/readiness.ts";
import type { KnownCluster } from "../cluster/known_cluster.ts";
import { classOf } from "../pods/classes.ts";

/** A Pod that cannot be upgraded in place. */
interface PodToRecreate {
  readonly pod: string;
  readonly message: string;
  /** Whether it gets the new images in place; undefined if its images do not change. */
  readonly getsImages?: boolean;
}

/** Effects on the running Pods, named as `namespace/name`. */
export interface Forecast {
  /** Number of injected Pods. */
  readonly matched: number;
  readonly upToDate: number;
  /** Pods upgraded in place, in order. A round ends when its Pods are available again. */
  readonly rounds: readonly (readonly string[])[];
  /** Why no more Pods are upgraded; `UpToDate` if none remain. */
  readonly end: RolloutPlan["reason"];
  /** Upgradable Pods that the roll-out does not reach. */
  readonly waiting: readonly string[];
  readonly recreate: readonly PodToRecreate[];
  /** Selected Pods without the containers, until they are recreated. */
  readonly uninjected: readonly string[];
  /** Injected Pods that would no longer be selected. */
  readonly released: readonly string[];
}

interface ForecastOptions {
  /** The stored SidecarSet; undefined for a new one. */
  readonly previous: PreparedSidecarSet | undefined;
  readonly pods: readonly Pod[];
  /** The cluster after the change. */
  readonly cluster: KnownCluster;
  readonly now: Date;
}

/** Simulates the roll-out with the controller's planner; every upgraded Pod becomes available after its round. */
export function forecast(
  prepared: PreparedSidecarSet,
  { previous, pods, cluster, now }: ForecastOptions,
): Forecast {
  const active = pods.filter(isActive)
    .toSorted((a, b) => podName(a) < podName(b) ? -1 : 1);
  const classes = new Map(active.map((pod) => [pod, classOf(pod, prepared, cluster)]));
  const withTrait = (trait: number) =>
    active.filter((pod) => hasTrait(classes.get(pod) ?? 0, trait));
  const { rounds, end, imagesOnly } = simulate(prepared, { classes, now });
  const upgraded = new Set(rounds.flat());
  const recreate = withTrait(PodTrait.NotUpgradable);
  const upToDate = withTrait(PodTrait.Updated);
  const matched = withTrait(PodTrait.Matched);
  const waiting = matched.filter((pod) =>
    !upgraded.has(podName(pod)) && !recreate.includes(pod) && !upToDate.includes(pod)
  );
  const released = active.filter((pod) =>
    previous !== undefined && classes.get(pod) === 0 && isInjectedBy(pod, previous.sidecarSet)
  );
  return {
    matched: matched.length,
    upToDate: upToDate.length,
    rounds,
    end: end === "UpToDate" && recreate.length > 0 ? "NotUpgradable" : end,
    waiting: waiting.map(podName),
    recreate: recreate.map((pod) => ({
      pod: podName(pod),
      message: blockerOf(pod, prepared),
      ...(partialChanges(pod, prepared) === undefined
        ? {}
        : { getsImages: imagesOnly.has(podName(pod)) }),
    })),
    uninjected: withTrait(PodTrait.Uninjected).map(podName),
    released: released.map(podName),
  };
}

const DONE: PodClass = PodTrait.Matched | PodTrait.Updated | PodTrait.Ready;

function simulate(
  prepared: PreparedSidecarSet,
  { classes, now }: { classes: ReadonlyMap<Pod, PodClass>; now: Date },
): Pick<Forecast, "rounds" | "end"> & { readonly imagesOnly: ReadonlySet<string> } {
  const imagesOnly = new Set<string>();
  const current = new Map(classes);
  const rounds: string[][] = [];
  const minReadyMs = (prepared.sidecarSet.spec.updateStrategy?.minReadySeconds ?? 0) * 1_000;
  for (let time = now.getTime();; time += minReadyMs) {
    const matched = [...current].flatMap(([pod, podClass]) =>
      hasTrait(podClass, PodTrait.Matched) ? [pod] : []
    );
    const classNow = (pod: Pod) => current.get(pod) ?? 0;
    const plan = planRollout({
      prepared,
      counts: countPods(current.values()),
      outdated: matched.filter((pod) => !hasTrait(classNow(pod), PodTrait.Updated)),
      halfUpgraded: [],
      drifted: [],
      matched,
      settling: matched,
      classOf: classNow,
      now: new Date(time),
      pending: new Set(),
      retryAt: new Map(),
      exists: () => true,
    });
    if (plan.updates.length === 0) return { rounds, end: plan.reason, imagesOnly };
    for (const { kind, namespace, name } of plan.updates) {
      if (kind === "UpdateImages") imagesOnly.add(`${namespace}/${name}`);
    }
    const names = plan.updates.map(({ namespace, name }) => `${namespace}/${name}`);
    rounds.push(names);
    const changed = new Set(names);
    for (const pod of matched) if (changed.has(podName(pod))) current.set(pod, DONE);
  }
}

function podName({ metadata: { namespace = "", name = "" } }: Pod): string {
  return `${namespace}/${name}`;
}

/** Why a Pod cannot be upgraded in place. */
function blockerOf(pod: Pod, prepared: PreparedSidecarSet): string {
  const found = upgradability(pod, prepared);
  return found.kind === "NotUpgradable" ? found.message : "it cannot be upgraded in place";
}
