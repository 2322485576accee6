import { UPGRADABLE_CONDITION } from "../../../lib/api/names.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { readInPlaceStates } from "../../../lib/core/annotations/inplace_state.ts";
import { upgradability } from "../../../lib/core/rollout/upgradable.ts";
import { readUpgradeSpecs } from "../../../lib/core/annotations/upgrade_specs.ts";
import { containersOfPair, isHotUpgrade } from "../../../lib/core/annotations/hot_upgrade.ts";
import { findContainer, runningSidecars } from "../../../lib/core/status/containers.ts";
import { hasForeignDigest, isWholeConsistent } from "./consistency.ts";
import { type Corrected, idleHalves, isDenied, isReady, isUpdated } from "./openkruise.ts";

/** Pods and their SidecarSet at one moment. */
export interface Scene {
  readonly pods: readonly ObservedPod[];
  readonly prepared: PreparedSidecarSet;
}

/** One place where roll-outs differ from OpenKruise's on purpose. */
export interface RolloutDeparture {
  readonly number: string;
  readonly says: string;
  applies(scene: Scene): boolean;
}

const NONE: Corrected = new Set();

/** Departures in which Pods are changed, and when. */
export const choiceDepartures: readonly RolloutDeparture[] = [
  {
    number: "B-15",
    says: "Pods that stay old anyway are credited to the partition",
    applies: ({ pods, prepared }) => {
      const { partition = 0 } = prepared.sidecarSet.spec.updateStrategy ?? {};
      return partition !== 0 && partition !== "0%" &&
        outdated(pods, prepared).some((pod) =>
          upgradability(pod, prepared).kind !== "Upgradable" ||
          idleHalves(pod, prepared, NONE).some(({ empty }) => !empty)
        );
    },
  },
  {
    number: "B-16",
    says: "a Pod that is not ready is updated although a ready one before it must wait",
    applies: ({ pods, prepared }) =>
      outdated(pods, prepared).some((pod) => isDown(pod, prepared)) &&
      outdated(pods, prepared).some((pod) => !isDown(pod, prepared)),
  },
  {
    number: "B-17",
    says: "outdated Pods that are down use the budget",
    applies: ({ pods, prepared }) => outdated(pods, prepared).some((pod) => isDown(pod, prepared)),
  },
  {
    number: "B-18",
    says: "Pods without any of the order keys come last",
    applies: ({ pods, prepared }) => {
      const { orderPriority = [] } = prepared.sidecarSet.spec.updateStrategy?.priorityStrategy ??
        {};
      return orderPriority.length > 0 &&
        pods.some(({ metadata: { labels = {} } }) =>
          orderPriority.every(({ orderedKey }) => !Object.hasOwn(labels, orderedKey))
        );
    },
  },
  {
    number: "B-19",
    says:
      "idle halves that hold another empty image are neither rewritten nor taken for a running upgrade",
    applies: ({ pods, prepared }) =>
      pods.some((pod) =>
        idleHalves(pod, prepared, NONE).some(({ empty }, i) =>
          !empty && idleHalves(pod, prepared, new Set(["B-19"]))[i]?.empty === true
        )
      ),
  },
  {
    number: "B-20",
    says: "a hot upgrade that has begun is finished while paused, and holds no other Pod back",
    applies: ({ pods, prepared }) =>
      pods.some((pod) => idleHalves(pod, prepared, NONE).some(({ empty }) => !empty)),
  },
  {
    number: "B-26",
    says: "a SidecarSet with a strategy that the schema refuses is not rolled out",
    applies: ({ prepared }) => prepared.problems.length > 0,
  },
  {
    number: "digest",
    says:
      "a Pod that was never changed in place is consistent, whatever digest its runtime reports",
    applies: ({ pods, prepared }) => pods.some((pod) => hasForeignDigest(pod, prepared)),
  },
  {
    number: "empty-working-half",
    says: "the real half of a pair is not emptied while the half named as working is empty",
    applies: ({ pods, prepared }) =>
      pods.some((pod) =>
        idleHalves(pod, prepared, NONE).some(({ empty, working, sidecar }) =>
          !empty &&
          findContainer(pod, working)?.image === sidecar.upgradeStrategy?.hotUpgradeEmptyImage
        )
      ),
  },
  {
    number: "step-back",
    says: "going back to the serving half's image in mid hot upgrade empties the other half again",
    applies: ({ pods, prepared }) =>
      outdated(pods, prepared).some((pod) =>
        runningSidecars(prepared.sidecarSet).filter(isHotUpgrade).some((sidecar) => {
          const images = containersOfPair(sidecar.name).map((half) =>
            findContainer(pod, half)?.image
          );
          return images.includes(sidecar.image) &&
            !images.includes(sidecar.upgradeStrategy?.hotUpgradeEmptyImage);
        })
      ),
  },
];

/** Departures in what is written to a Pod. */
export const contentDepartures: readonly RolloutDeparture[] = [
  {
    number: "B-8",
    says: "entries of SidecarSets that do not exist leave the Pod's condition",
    applies: ({ pods, prepared }) =>
      pods.some(({ status }) =>
        status?.conditions?.some(({ type, message = "" }) =>
          type === UPGRADABLE_CONDITION &&
          Object.keys(JSON.parse(message)).some((name) => name !== prepared.name)
        )
      ),
  },
  {
    number: "B-23",
    says: "the record of an update in place names the last revision instead of the first",
    applies: ({ pods, prepared }) =>
      pods.some((pod) => readInPlaceStates(pod)?.has(prepared.name) === true),
  },
  {
    number: "D-12",
    says: "an upgrade writes no condition to a Pod that had none which denied it",
    applies: ({ pods, prepared }) => pods.some((pod) => !isDenied(pod, prepared)),
  },
  {
    number: "old-form",
    says: "entries converted from the old text form keep their own name, and none is invented",
    applies: ({ pods, prepared }) =>
      pods.some((pod) => {
        const read = readUpgradeSpecs(pod);
        return read.ok && [...read.value.full].some(([name, spec]) =>
          name !== prepared.name && spec.updateTimestamp === null
        );
      }),
  },
];

function outdated(pods: readonly ObservedPod[], prepared: PreparedSidecarSet): ObservedPod[] {
  return pods.filter((pod) => !isUpdated(pod, prepared));
}

function isDown(pod: ObservedPod, prepared: PreparedSidecarSet): boolean {
  return !isReady(pod, prepared, NONE) ||
    !isWholeConsistent(pod, prepared, NONE);
}
