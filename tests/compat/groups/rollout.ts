import * as z from "zod/mini";
import { intOrPercent } from "../../../lib/api/strategies.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import type { ObservedPod } from "../../../lib/core/observed_pod.ts";
import { partitionSize, unavailableLimit } from "../../../lib/core/rollout/budget.ts";
import { scatter } from "../../../lib/core/rollout/scatter.ts";
import { runAtOnce } from "../../../lib/core/steps.ts";
import type { CompatGroup, Verdict } from "../contract.ts";
import { asInjected, prepareRecorded } from "../rollout/cases.ts";
import { modelFailure, verdictOf } from "../rollout/compare.ts";
import { choiceDepartures, type Scene } from "../rollout/departures.ts";
import { chooseUpgrades } from "../rollout/openkruise.ts";
import { planFor } from "../rollout/ours.ts";

const numberCase = z.object({
  kind: z.enum(["partition", "maxUnavailable"]),
  value: z.union([z.string(), z.number()]),
  total: z.number(),
  result: z.optional(z.number()),
});

const scatterCase = z.object({
  labels: z.array(z.nullable(z.record(z.string(), z.string()))),
  waiting: z.nullable(z.array(z.number())),
  terms: z.array(z.object({ key: z.string(), value: z.string() })),
  result: z.nullable(z.array(z.number())),
});

const planCase = z.object({
  sidecarSet: z.custom<SidecarSet>(),
  pods: z.nullable(z.array(z.custom<Pod>())),
  result: z.nullable(z.array(z.string())),
  notUpgradable: z.nullable(z.array(z.string())),
});

/** These cases are about the choice of Pods to upgrade alone: hot upgrades are not finished in them. */
const selectionDepartures = choiceDepartures.filter(({ number }) => number !== "B-20");

/** `pkg/controller/sidecarset/sidecarset_strategy.go` */
export const rollout: CompatGroup = {
  name: "rollout",
  files: "rollout/",
  departures: selectionDepartures,
  judge(testCase): Verdict {
    if ("kind" in testCase) return judgeNumber(z.parse(numberCase, testCase));
    if ("labels" in testCase) return judgeScatter(z.parse(scatterCase, testCase));
    return judgePlan(z.parse(planCase, testCase));
  },
};

/** A number that the schema refuses never gets here (B-26), whatever OpenKruise makes of it. */
function judgeNumber({ kind, value, total, result }: z.infer<typeof numberCase>): Verdict {
  const read = intOrPercent.safeParse(value);
  if (!read.success) return { passed: true, departures: ["B-26"] };
  const size = kind === "partition" ? partitionSize : unavailableLimit;
  const actual = size(read.data, total);
  return verdictOf({ recorded: result, expected: result, actual, applying: [] });
}

function judgeScatter({ labels, waiting, terms, result }: z.infer<typeof scatterCase>): Verdict {
  const items = labels.map((of, index) => ({ labels: of ?? {}, index }));
  const chosen = (waiting ?? []).flatMap((index) => items[index] ?? []);
  const labelsOf = (item: typeof items[number]) => item.labels;
  const scattered = runAtOnce(scatter(chosen, terms, { all: items, labelsOf }));
  const actual = scattered.map(({ index }) => index);
  return verdictOf({ recorded: result ?? [], expected: result ?? [], actual, applying: [] });
}

function judgePlan(testCase: z.infer<typeof planCase>): Verdict {
  const { sidecarSet } = testCase;
  const prepared = prepareRecorded(sidecarSet, { name: "" });
  const pods = (testCase.pods ?? []).map((pod) => asInjected(pod, sidecarSet));
  const scene: Scene = { pods, prepared };
  const result = (corrected: ReadonlySet<string>) => {
    const choice = chooseUpgrades(pods, { pods, prepared, corrected });
    return { upgrades: namesOf(choice.upgrades), notUpgradable: namesOf(choice.notUpgradable) };
  };
  const recorded = {
    upgrades: testCase.result ?? [],
    notUpgradable: testCase.notUpgradable ?? [],
  };
  const failure = modelFailure(recorded, result(new Set()));
  if (failure !== undefined) return failure;
  const applying = selectionDepartures
    .filter((departure) => departure.applies(scene))
    .map(({ number }) => number);
  const { plan } = planFor(pods, prepared, { finishesHotUpgrades: false });
  const actual = {
    upgrades: plan.updates.map(({ name }) => name),
    notUpgradable: namesOf(plan.notUpgradable.map(({ pod }) => pod)),
  };
  return verdictOf({ recorded, expected: result(new Set(applying)), actual, applying });
}

function namesOf(pods: readonly ObservedPod[]): string[] {
  return pods.map((pod) => pod.metadata.name ?? "");
}
