import * as z from "zod/mini";
import {
  VERSION_ALT_ANNOTATION_PREFIX,
  VERSION_ANNOTATION_PREFIX,
  WORKING_HOT_UPGRADE_ANNOTATION,
} from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import type { CompatGroup, Verdict } from "../contract.ts";
import { prepareRecorded } from "../rollout/cases.ts";
import { modelFailure, verdictOf } from "../rollout/compare.ts";
import { settle } from "../rollout/cluster.ts";
import { choiceDepartures } from "../rollout/departures.ts";
import { isUpdated } from "../rollout/openkruise.ts";
import { openKruiseRound, ourRound, type Round } from "../rollout/round.ts";

const sequenceCase = z.object({
  sets: z.array(z.object({ at: z.number(), sidecarSet: z.custom<SidecarSet>() })),
  pods: z.nullable(z.array(z.custom<Pod>())),
  rounds: z.array(z.object({
    resourceVersion: z.string(),
    status: z.looseObject({ latestRevision: z.string() }),
    pods: z.array(z.object({
      name: z.string(),
      images: z.record(z.string(), z.string()),
      updated: z.boolean(),
      annotations: z.optional(z.record(z.string(), z.string())),
    })),
  })),
});
type SequenceCase = z.infer<typeof sequenceCase>;

/** Makes one round; also sees each scene before it is changed. */
type Controller = (pods: readonly Pod[], prepared: PreparedSidecarSet) => Round;

/**
 * Several rounds of `pkg/controller/sidecarset/sidecarset_processor.go:UpdateSidecarSet`, with a kubelet in between.
 */
export const sequence: CompatGroup = {
  name: "sequence",
  files: "sequence.json",
  departures: choiceDepartures,
  judge(testCase): Verdict {
    const read = z.parse(sequenceCase, testCase);
    const recorded = read.rounds.map(({ status, pods }) => {
      const { matchedPods, updatedPods, readyPods, updatedReadyPods } = status;
      return {
        status: { matchedPods, updatedPods, readyPods, updatedReadyPods },
        pods: pods.map((pod) => ({ ...pod, annotations: pod.annotations ?? {} })),
      };
    });
    const model = run(read, (pods, prepared) => openKruiseRound(pods, prepared, new Set()));
    const failure = modelFailure(recorded, model);
    if (failure !== undefined) return failure;
    const corrected = new Set<string>();
    const expected = run(read, (pods, prepared) => {
      const scene = { pods, prepared };
      const applying = choiceDepartures.filter(({ applies }) => applies(scene));
      for (const { number } of applying) corrected.add(number);
      return openKruiseRound(pods, prepared, new Set(applying.map(({ number }) => number)));
    });
    return verdictOf({ recorded, expected, actual: run(read, ourRound), applying: [...corrected] });
  },
};

function run(testCase: SequenceCase, controller: Controller): unknown[] {
  let pods = testCase.pods ?? [];
  return testCase.rounds.map(({ resourceVersion, status: { latestRevision } }, i) => {
    const state = testCase.sets.findLast(({ at }) => at <= i);
    if (state === undefined) throw new Error(`No SidecarSet in round ${i}`);
    const { metadata, ...rest } = state.sidecarSet;
    const sidecarSet = { ...rest, metadata: { ...metadata, resourceVersion } };
    const prepared = prepareRecorded(sidecarSet, { name: latestRevision });
    const round = controller(pods, prepared);
    pods = round.pods.map(settle);
    return {
      status: round.counts,
      pods: round.pods.map((pod) => ({
        name: pod.metadata.name,
        images: Object.fromEntries(pod.spec.containers.map(({ name, image }) => [name, image])),
        updated: isUpdated(pod, prepared),
        annotations: Object.fromEntries(
          Object.entries(pod.metadata.annotations ?? {}).filter(([key]) => isVersionKey(key)),
        ),
      })),
    };
  });
}

function isVersionKey(key: string): boolean {
  return key === WORKING_HOT_UPGRADE_ANNOTATION || key.startsWith(VERSION_ANNOTATION_PREFIX) ||
    key.startsWith(VERSION_ALT_ANNOTATION_PREFIX);
}
