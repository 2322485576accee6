import type { Pod } from "../../api/pod.ts";
import { missedReason } from "../../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { type Reason, REASONS } from "../../core/reasons.ts";
import { selectionsOverlap } from "../../core/select/overlap.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { LiveCluster } from "../cluster/live_cluster.ts";
import { classOf } from "../pods/classes.ts";
import { replacementFacts } from "../pods/replacement.ts";
import { conditionOf } from "../sidecarsets/rollout_state.ts";
import { counted } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, UNKNOWN_PODS } from "./facts.ts";

/** What is wrong with the SidecarSets and their Pods. */
export function checkSidecarSets(facts: Facts): Check[] {
  const { cluster, pods } = facts;
  if (!isKnown(cluster)) return [checkNamed("SidecarSets").skipped(UNKNOWN_CLUSTER)];
  return [
    validity(cluster),
    readiness(facts, cluster),
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
  return check.error(invalid.join("; "), "mend the fields: until then they are not injected");
}

/** What the controller says of them, but for what is not valid or wanted so. */
function readiness({ program }: Facts, { sidecarSets }: LiveCluster): Check {
  const check = checkNamed("SidecarSets are ready");
  const unready = sidecarSets.flatMap(({ name, sidecarSet: { status = {} }, problems }) => {
    const ready = conditionOf(status, "Ready");
    if (ready?.status !== "False" || ready.reason === "InjectionPaused" || problems.length > 0) {
      return [];
    }
    return [{ name, text: `${ready.reason}: ${ready.message}` }];
  });
  if (unready.length === 0) return check.ok("none says that new Pods may not get it");
  const parts = [...Map.groupBy(unready, ({ text }) => text)]
    .map(([text, same]) => `${same.map(({ name }) => name).join(", ")}: ${text}`);
  return check.warning(
    parts.join("; "),
    `mend what is named there, and see whether it passes: ${program} status NAME`,
  );
}

/** Facts of which these two are known. */
interface KnownFacts extends Facts {
  readonly cluster: LiveCluster;
  readonly pods: readonly Pod[];
}

function missed({ cluster, now, pods, program, ...facts }: KnownFacts): Check {
  const check = checkNamed("no Pod is missed");
  const excludedNamespaces = [...facts.excludedNamespaces, ...cluster.excludedNamespaces];
  const reasons = new Map<Reason, string[]>();
  for (const prepared of cluster.sidecarSets) {
    for (const pod of pods) {
      if (!hasTrait(classOf(pod, prepared, cluster), PodTrait.Missed)) continue;
      const options = { cluster, excludedNamespaces, now };
      const { reason } = missedReason(pod, replacementFacts(prepared, { pod, options }));
      const known = reasons.get(reason) ?? [];
      reasons.set(reason, [...known, `${pod.metadata.namespace}/${pod.metadata.name}`]);
    }
  }
  if (reasons.size === 0) return check.ok("every Pod has the sidecars that it should have got");
  const parts = [...reasons].map(([reason, names]) =>
    `${names.length} for ${reason} (${REASONS[reason]}), for example ${names[0]}`
  );
  return check.warning(
    `Pods were missed: ${parts.join("; ")}`,
    `see what is in the way: ${program} explain pod/NAME; once it is not, ` +
      `${program} rollout restart-injection NAME creates them anew, missedPodPolicy Evict does it by itself`,
  );
}

function selection({ cluster, pods, program }: KnownFacts): Check {
  const check = checkNamed("SidecarSets select Pods");
  const idle = cluster.sidecarSets
    .filter((prepared) => pods.every((pod) => classOf(pod, prepared, cluster) === 0))
    .map(({ name }) => name);
  if (idle.length === 0) return check.ok("each of them");
  return check.warning(
    `none is selected by: ${idle.join(", ")}`,
    `compare their selectors with the Pods' labels: ${program} explain pod/NAME`,
  );
}

/** Two SidecarSets may well select the same Pods; it only is worth knowing. */
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
