import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import { endlessSidecars } from "../../core/cleanup/endless.ts";
import { isActive } from "../../core/status/readiness.ts";
import { counted } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, UNKNOWN_PODS } from "./facts.ts";

/** Whether sidecars keep Pods that run to completion, such as those of Jobs, from ending. */
export function checkEndless({ cluster, pods, program }: Facts): Check {
  const check = checkNamed("no Job waits for a sidecar");
  if (!isKnown(cluster)) return check.skipped(UNKNOWN_CLUSTER);
  if (!isKnown(pods)) return check.skipped(UNKNOWN_PODS);
  const found = cluster.sidecarSets.flatMap((prepared) =>
    pods.flatMap((pod) => {
      if (!isActive(pod) || !isInjectedBy(pod, prepared.sidecarSet)) return [];
      const endless = endlessSidecars(pod, prepared);
      const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
      return endless === undefined ? [] : [{ ...endless, pod: name, sidecarSet: prepared.name }];
    })
  ).sort((a, b) => Number(b.areWaitedFor) - Number(a.areWaitedFor));
  const [first] = found;
  if (first === undefined) {
    return check.ok("every Pod that runs to completion can end with its main containers");
  }
  const parts = [...Map.groupBy(found, ({ sidecarSet }) => sidecarSet)].map(([name, same]) => {
    const waiting = same.filter(({ areWaitedFor }) => areWaitedFor).length;
    const done = waiting === 0 ? "" : `, and in ${waiting} of them nothing else is left to end`;
    const [example] = same;
    return `${name}: ${
      counted(same.length, "Pod")
    } can only end after its sidecars${done}, for example ` +
      `${example?.pod} (${example?.containers.join(", ")})`;
  });
  return check.warning(
    parts.join("; "),
    "set completionPolicy: TerminateWithMain on sidecars that do not end by themselves: " +
      `kubectl edit sidecarset ${first.sidecarSet}; see ${program} explain pod/NAME -n NAMESPACE`,
  );
}
