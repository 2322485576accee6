import type { Pod } from "../../api/pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { type Reason, REASONS } from "../../core/reasons.ts";
import { selectionsOverlap } from "../../core/select/overlap.ts";
import type { LiveCluster } from "../cluster/live_cluster.ts";
import { classOf } from "../pods/classes.ts";
import { conditionOf } from "../sidecarsets/rollout_state.ts";
import { resumeInjection, uninjectedState } from "../pods/uninjected.ts";
import { counted, listed } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, UNKNOWN_PODS } from "./facts.ts";

/** Checks the SidecarSets and their Pods. */
export function checkSidecarSets(facts: Facts): Check[] {
  const { cluster, pods } = facts;
  if (!isKnown(cluster)) return [checkNamed("SidecarSets").skipped(UNKNOWN_CLUSTER)];
  return [
    validity(cluster),
    readiness(facts, cluster),
    pauses(facts, cluster),
    ...isKnown(pods)
      ? [missed({ ...facts, cluster, pods }), selection({ ...facts, cluster, pods })]
      : [checkNamed("Pods of SidecarSets").skipped(UNKNOWN_PODS)],
    overlap(cluster),
  ];
}

function validity({ sidecarSets }: LiveCluster): Check {
  const check = checkNamed("SidecarSets are valid");
  const invalid = sidecarSets.flatMap(({ name, problems: [problem] }) =>
    problem ? [`${name}: ${problem.field} ${problem.message}`] : []
  );
  if (invalid.length === 0) return check.ok(`${counted(sidecarSets.length, "SidecarSet")}`);
  return check.error(invalid.join("; "), "fix the fields: invalid SidecarSets are not injected");
}

/** Checks the condition Ready; invalid SidecarSets and pauses have their own checks. */
function readiness({ program }: Facts, { sidecarSets }: LiveCluster): Check {
  const check = checkNamed("SidecarSets are ready");
  const unready = sidecarSets.flatMap((prepared) => {
    const { name, sidecarSet: { status = {} }, problems } = prepared;
    const ready = conditionOf(status, "Ready");
    if (ready?.status !== "False" || isInjectionPaused(prepared) || problems.length > 0) return [];
    return [{ name, text: `${ready.reason}: ${ready.message}` }];
  });
  if (unready.length === 0) {
    const isAny = sidecarSets.some(isInjectionPaused);
    return check.ok(
      isAny
        ? "all except those with paused injection"
        : "no SidecarSet has the condition Ready=False",
    );
  }
  const parts = [...Map.groupBy(unready, ({ text }) => text)]
    .map(([text, same]) => `${same.map(({ name }) => name).join(", ")}: ${text}`);
  return check.warning(
    parts.join("; "),
    "fix the cause, then check again:",
    `${program} status ${unready[0]?.name}`,
  );
}

function isInjectionPaused({ sidecarSet: { spec } }: PreparedSidecarSet): boolean {
  return spec.injectionStrategy?.paused === true;
}

/** Warns about paused injection: new Pods get no sidecars until it is resumed. */
function pauses({ program }: Facts, { sidecarSets }: LiveCluster): Check {
  const check = checkNamed("injection is not paused");
  const paused = sidecarSets.filter(isInjectionPaused).map(({ name }) => name);
  if (paused.length === 0) return check.ok("new Pods get every SidecarSet that selects them");
  return check.warning(
    `new Pods get no sidecars of ${listed(paused)}: spec.injectionStrategy.paused is true`,
    "resume the injection:",
    ...paused.map((name) => resumeInjection({ name, program })),
  );
}

/** Facts with readable SidecarSets and Pods. */
interface KnownFacts extends Facts {
  readonly cluster: LiveCluster;
  readonly pods: readonly Pod[];
}

function missed({ cluster, now, pods, program, ...facts }: KnownFacts): Check {
  const check = checkNamed("no Pod is missed");
  const excludedNamespaces = [...facts.excludedNamespaces, ...cluster.excludedNamespaces];
  const reasons = new Map<Reason, MissedPod[]>();
  for (const prepared of cluster.sidecarSets) {
    for (const pod of pods) {
      const state = uninjectedState(pod, prepared, { cluster, excludedNamespaces, now });
      if (state?.missed !== true || state.reason === undefined) continue;
      const { reason } = state;
      const { namespace = "default", name: podName = "" } = pod.metadata;
      const known = reasons.get(reason) ?? [];
      reasons.set(reason, [...known, { sidecarSet: prepared.name, namespace, podName }]);
    }
  }
  const [[example] = []] = [...reasons.values()];
  if (example === undefined) return check.ok("no Pod lacks sidecars that it should have");
  const parts = [...reasons].map(([reason, found]) =>
    `${found.length} for ${reason} (${REASONS[reason]}), for example ` +
    `${found[0]?.namespace}/${found[0]?.podName}`
  );
  const { namespace, podName } = example;
  const recreated = new Set([...reasons.values()].flat().map(({ sidecarSet }) => sidecarSet));
  return check.warning(
    `Pods were missed: ${parts.join("; ")}`,
    "find the cause, fix it and recreate the Pods (missedPodPolicy Evict recreates them automatically):",
    `${program} explain pod/${podName} -n ${namespace}`,
    ...[...recreated].map((name) => `${program} rollout restart-injection ${name}`),
  );
}

interface MissedPod {
  readonly sidecarSet: string;
  readonly namespace: string;
  readonly podName: string;
}

function selection({ cluster, pods, program }: KnownFacts): Check {
  const check = checkNamed("SidecarSets select Pods");
  const idle = cluster.sidecarSets
    .filter((prepared) => pods.every((pod) => classOf(pod, prepared, cluster) === 0))
    .map(({ name }) => name);
  if (idle.length === 0) return check.ok("every SidecarSet selects Pods");
  return check.warning(
    `no Pod is selected by: ${idle.join(", ")}`,
    "compare their selectors with the labels of Pods:",
    `${program} explain pods -A`,
  );
}

/** Lists SidecarSets that can select the same Pods, which is allowed. */
function overlap({ sidecarSets }: LiveCluster): Check {
  const check = checkNamed("SidecarSets that can select the same Pods");
  const pairs = sidecarSets.flatMap((a, index) =>
    sidecarSets.slice(index + 1).filter((b) => overlaps(a, b)).map((b) => `${a.name} and ${b.name}`)
  );
  return check.ok(pairs.length === 0 ? "none" : pairs.join(", "));
}

function overlaps(a: PreparedSidecarSet, b: PreparedSidecarSet): boolean {
  return selectionsOverlap(a.sidecarSet.spec, b.sidecarSet.spec);
}
