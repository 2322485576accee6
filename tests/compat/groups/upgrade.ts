import * as z from "zod/mini";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import type { CompatGroup, Verdict } from "../contract.ts";
import { prepareRecorded } from "../rollout/cases.ts";
import { modelFailure, verdictOf } from "../rollout/compare.ts";
import {
  choiceDepartures,
  contentDepartures,
  type RolloutDeparture,
  type Scene,
} from "../rollout/departures.ts";
import { comparable, mendContent } from "../rollout/normalise.ts";
import { openKruiseRound, ourRound, type Round } from "../rollout/round.ts";

const upgradeCase = z.object({
  sidecarSet: z.custom<SidecarSet>(),
  pods: z.nullable(z.array(z.custom<Pod>())),
  result: z.object({
    pods: z.nullable(z.array(z.custom<Pod>())),
    status: z.looseObject({ latestRevision: z.string() }),
    events: z.nullable(z.array(z.string())),
  }),
});

const departures = [...choiceDepartures, ...contentDepartures];

/** One round of `pkg/controller/sidecarset/sidecarset_processor.go:UpdateSidecarSet`. */
export const upgrade: CompatGroup = {
  name: "upgrade",
  files: "upgrade.json",
  departures,
  judge(testCase): Verdict {
    const { sidecarSet, result, ...read } = z.parse(upgradeCase, testCase);
    const before = read.pods ?? [];
    const prepared = prepareRecorded(sidecarSet, { name: result.status.latestRevision });
    const applying = numbersOf(departures, { pods: before, prepared });
    const corrected = new Set(applying);
    const contentMended = new Set(numbersOf(contentDepartures, { pods: before, prepared }));
    const plain = openKruiseRound(before, prepared, contentMended);
    const correctedRound = openKruiseRound(before, prepared, corrected);
    const recorded = (result.pods ?? []).map((pod, i) =>
      mendContent(pod, { before: before[i] ?? pod, prepared, corrected })
    );
    const seen = { counts: countsOf(result.status), events: result.events ?? [] };
    const failure = modelFailure(
      { ...seen, pods: recorded.map(comparable) },
      { counts: plain.counts, events: plain.events, pods: plain.pods.map(comparable) },
    );
    if (failure !== undefined) return failure;
    // If the corrections leave the choice for a Pod unchanged, the recorded Pod holds, with its content corrected.
    const pods = recorded.map((pod, i) =>
      imagesOf(plain, i) === imagesOf(correctedRound, i) ? pod : correctedRound.pods[i] ?? pod
    );
    const ours = ourRound(before, prepared);
    return verdictOf({
      recorded: { pods: (result.pods ?? []).map(comparable), ...seen },
      expected: {
        pods: pods.map(comparable),
        counts: correctedRound.counts,
        events: correctedRound.events,
      },
      actual: { pods: ours.pods.map(comparable), counts: ours.counts, events: ours.events },
      applying,
    });
  },
};

function numbersOf(candidates: readonly RolloutDeparture[], scene: Scene): string[] {
  return candidates.filter(({ applies }) => applies(scene)).map(({ number }) => number);
}

function imagesOf(round: Round, index: number): string {
  return JSON.stringify(round.pods[index]?.spec.containers.map(({ image }) => image));
}

/** A written status leaves out some numbers that are 0. */
function countsOf(written: Record<string, unknown>): Round["counts"] {
  const number = (value: unknown) => typeof value === "number" ? value : 0;
  return {
    matchedPods: number(written.matchedPods),
    updatedPods: number(written.updatedPods),
    readyPods: number(written.readyPods),
    updatedReadyPods: number(written.updatedReadyPods),
  };
}
