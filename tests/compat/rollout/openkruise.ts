import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import type { SidecarContainer } from "../../../lib/api/sidecar_container.ts";
import {
  isHotUpgrade,
  versionAnnotation,
  workingContainers,
} from "../../../lib/core/annotations/hot_upgrade.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { orderPods } from "../../../lib/core/rollout/order.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import { partitionSize, unavailableLimit } from "../../../lib/core/rollout/budget.ts";
import { scatter } from "../../../lib/core/rollout/scatter.ts";
import {
  deniedSidecarSets,
  type Upgradability,
  upgradability,
} from "../../../lib/core/rollout/upgradable.ts";
import { matchesSelector } from "../../../lib/core/select/label_selector.ts";
import { containerStatus } from "../../../lib/core/status/consistency.ts";
import { hotPair, isRunningAndReady } from "../../../lib/core/status/readiness.ts";
import { recordOf } from "../../../lib/core/status/record.ts";
import {
  findContainer,
  runningSidecars,
  sidecarContainerNames,
} from "../../../lib/core/status/containers.ts";

import { isConsistent, isWholeConsistent } from "./consistency.ts";

/**
 * A second, plain reading of OpenKruise's choice of Pods (`GetNextUpgradePods`, `flipHotUpgradingContainers`), to
 * compute the result of a case with some of its defects corrected. With none corrected, it must give what was
 * recorded.
 */
export interface Choice {
  readonly upgrades: readonly ObservedPod[];
  readonly flips: readonly ObservedPod[];
  readonly notUpgradable: readonly ObservedPod[];
}

/** Numbers of the departures to take. */
export type Corrected = ReadonlySet<string>;

const NOTHING: Choice = { upgrades: [], flips: [], notUpgradable: [] };

/** One round of the controller. */
export function choose(
  pods: readonly ObservedPod[],
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): Choice {
  const strategy = prepared.sidecarSet.spec.updateStrategy ?? {};
  const held = strategy.type === "NotUpdate" || strategy.paused === true;
  if (corrected.has("B-26") && prepared.problems.length > 0) return NOTHING;
  const flips = held && !corrected.has("B-20")
    ? []
    : pods.filter((pod) => isFlippable(pod, prepared, corrected));
  if (held || (flips.length > 0 && !corrected.has("B-20"))) return { ...NOTHING, flips };
  const choice = chooseUpgrades(pods.filter((pod) => !flips.includes(pod)), {
    pods,
    prepared,
    corrected,
  });
  return { ...choice, flips };
}

/** `GetNextUpgradePods` by itself, for those of the matched Pods that may be upgraded. */
export function chooseUpgrades(eligible: readonly ObservedPod[], world: World): Choice {
  const { pods, prepared, corrected } = world;
  const strategy = prepared.sidecarSet.spec.updateStrategy ?? {};
  if (corrected.has("B-26") && prepared.problems.length > 0) return NOTHING;
  const outdated = pods.filter((pod) => !isUpdated(pod, prepared));
  if (outdated.length === 0) return NOTHING;

  const { selector } = strategy;
  const selected = outdated.filter((pod) =>
    selector === undefined || matchesSelector(selector, pod.metadata.labels ?? {})
  );
  const kinds = new Map(selected.map((pod) => [pod, kindOf(pod, prepared, corrected)]));
  const notUpgradable = selected.filter((pod) => kinds.get(pod) === "NotUpgradable");
  const candidates = inOrder(
    selected.filter((pod) => kinds.get(pod) === "Upgradable" && eligible.includes(pod)),
    world,
  );
  const partition = number(() => partitionSize(strategy.partition, pods.length));
  const credit = corrected.has("B-15") ? outdated.length - candidates.length : 0;
  const taken = candidates.slice(
    0,
    Math.max(0, candidates.length - Math.max(0, partition - credit)),
  );
  const limit = number(() => unavailableLimit(strategy.maxUnavailable, pods.length));
  return { ...NOTHING, notUpgradable, upgrades: withinBudget(taken, { ...world, limit }) };
}

/** `IsSidecarSetUpgradable` */
function kindOf(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): Upgradability["kind"] {
  const { kind } = upgradability(pod, prepared);
  if (kind === "NotUpgradable") return kind;
  const inFlight = [...sidecarContainerNames(prepared.sidecarSet)].some((name) =>
    containerStatus(pod, name)?.ready === true &&
    !isConsistent(pod, prepared, { containers: new Set([name]), corrected })
  );
  return inFlight ? "InFlight" : "Upgradable";
}

interface World {
  readonly pods: readonly ObservedPod[];
  readonly prepared: PreparedSidecarSet;
  readonly corrected: Corrected;
}

function withinBudget(
  candidates: readonly ObservedPod[],
  world: World & { readonly limit: number },
): ObservedPod[] {
  const { pods, prepared, corrected, limit } = world;
  const available = (pod: ObservedPod) =>
    isReady(pod, prepared, corrected) && isWholeConsistent(pod, prepared, corrected);
  const isFree = (pod: ObservedPod) =>
    corrected.has("B-17") ? !available(pod) : !isReady(pod, prepared, corrected);
  const counted = corrected.has("B-17") ? pods : pods.filter((pod) => isUpdated(pod, prepared));
  let used = counted.filter((pod) => !available(pod)).length;
  const taken: ObservedPod[] = [];
  for (const pod of candidates) {
    if (isFree(pod)) taken.push(pod);
    else if (used < limit) {
      taken.push(pod);
      used++;
    } else if (!corrected.has("B-16")) break;
  }
  return taken;
}

/** The program's own order, which puts Pods without any order key last; OpenKruise puts them first. */
function inOrder(
  candidates: readonly ObservedPod[],
  { pods, prepared, corrected }: World,
): readonly ObservedPod[] {
  const strategy = prepared.sidecarSet.spec.updateStrategy ?? {};
  const { orderPriority = [], weightPriority = [] } = strategy.priorityStrategy ?? {};
  if (corrected.has("B-18") || orderPriority.length === 0 || weightPriority.length > 0) {
    return runAtOnce(orderPods(candidates, strategy, pods));
  }
  const hasKey = (pod: ObservedPod) =>
    orderPriority.some(({ orderedKey }) => Object.hasOwn(pod.metadata.labels ?? {}, orderedKey));
  const { scatterStrategy, ...priority } = strategy;
  const ordered = runAtOnce(orderPods(candidates, priority, pods));
  const keylessFirst = [
    ...ordered.filter((pod) => !hasKey(pod)),
    ...ordered.filter(hasKey),
  ];
  return scatterStrategy === undefined || scatterStrategy.length === 0
    ? keylessFirst
    : runAtOnce(scatter(keylessFirst, scatterStrategy, {
      all: pods,
      labelsOf: (pod) => pod.metadata.labels ?? {},
    }));
}

export function isUpdated(pod: ObservedPod, prepared: PreparedSidecarSet): boolean {
  return recordOf(pod, prepared.name).full?.hash === prepared.hash;
}

/** `IsPodReady` of a hot-upgrade SidecarSet: every idle half holds the empty image. */
export function isReady(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): boolean {
  return isRunningAndReady(pod) && idleHalves(pod, prepared, corrected).every(({ empty }) => empty);
}

interface IdleHalf {
  readonly sidecar: SidecarContainer;
  readonly idle: string;
  readonly working: string;
  readonly empty: boolean;
}

export function idleHalves(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): IdleHalf[] {
  const working = workingContainers(pod);
  const { hash } = recordOf(pod, prepared.name).withoutImage ?? {};
  const otherTemplate = hash !== prepared.hashWithoutImage;
  return runningSidecars(prepared.sidecarSet).filter(isHotUpgrade).map((sidecar) => {
    const pair = hotPair(sidecar.name, working);
    const { hotUpgradeEmptyImage } = sidecar.upgradeStrategy ?? {};
    const version = pod.metadata.annotations?.[versionAnnotation(pair.idle)] ?? "0";
    const empty = findContainer(pod, pair.idle)?.image === hotUpgradeEmptyImage ||
      (corrected.has("B-19") && otherTemplate && version === "0");
    return { sidecar, ...pair, empty };
  });
}

function isFlippable(
  pod: ObservedPod,
  prepared: PreparedSidecarSet,
  corrected: Corrected,
): boolean {
  const halves = idleHalves(pod, prepared, corrected);
  const full = halves.filter(({ empty, sidecar, working }) =>
    !empty && !(corrected.has("empty-working-half") &&
      findContainer(pod, working)?.image === sidecar.upgradeStrategy?.hotUpgradeEmptyImage)
  );
  if (full.length === 0) return false;
  const idle = new Set(halves.map((half) => half.idle));
  const others = sidecarContainerNames(prepared.sidecarSet).difference(idle);
  if (!isConsistent(pod, prepared, { containers: others, corrected })) return false;
  return isRunningAndReady(pod) ||
    (pod.status?.containerStatuses ?? []).every((status) => status.ready || idle.has(status.name));
}

/** OpenKruise takes a malformed number for 0. */
function number(read: () => number): number {
  const value = read();
  return Number.isNaN(value) ? 0 : value;
}

/** Whether the Pod's condition says that it cannot be upgraded. */
export function isDenied(pod: ObservedPod, { name }: PreparedSidecarSet): boolean {
  return deniedSidecarSets(pod).includes(name);
}
