import type { KubeEvent } from "../../api/objects.ts";
import { INSTALLATION } from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import { containersOfPair } from "../../core/annotations/hot_upgrade.ts";
import { injectedSidecarSets, isMarkedInjected } from "../../core/annotations/injected_list.ts";
import { isReason } from "../../core/reasons.ts";
import { recordOf } from "../../core/status/record.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import { resources } from "../../kube/resources.ts";
import { readAll } from "../cluster/reading.ts";
import type { SidecarSetExplanation } from "./explanation.ts";

/** The SidecarSets of a Pod's injected containers, by the Pod's annotations: also those that are deleted or unknown. */
export function recordedOwners(pod: Pod): ReadonlyMap<string, string> {
  const { initContainers = [], containers } = pod.spec;
  const injected = new Set(
    [...initContainers, ...containers].filter(isMarkedInjected).map(({ name }) => name),
  );
  return new Map(
    injectedSidecarSets(pod).flatMap((sidecarSet) =>
      (recordOf(pod, sidecarSet).full?.sidecarList ?? [])
        .flatMap((sidecar) => [sidecar, ...containersOfPair(sidecar)])
        .filter((name) => injected.has(name))
        .map((name) => [name, sidecarSet] as const)
    ),
  );
}

/**
 * The SidecarSets that a Pod's annotations and events name.
 *
 * @param known names of SidecarSets that are explained otherwise
 */
export function recordedSidecarSets(
  pod: Pod,
  { known, events }: { known: ReadonlySet<string>; events: readonly KubeEvent[] },
): SidecarSetExplanation[] {
  const injected = injectedSidecarSets(pod).filter((name) => !known.has(name));
  const skipped = new Map(events.flatMap(skipOf));
  return [
    ...injected.map((name): SidecarSetExplanation => {
      const revision = recordOf(pod, name).full?.controllerRevision;
      return { name, verdict: "InjectedBefore", ...(revision ? { revision } : {}) };
    }),
    ...[...skipped.values()].filter(({ name }) => !known.has(name) && !injected.includes(name)),
  ];
}

/** The explanation in the event of a missed Pod, which names the SidecarSet twice. */
function skipOf(
  { reason, note, related, reportingController }: KubeEvent,
): [string, SidecarSetExplanation][] {
  const name = related?.name;
  if (reportingController !== INSTALLATION || name === undefined || !isReason(reason)) return [];
  const message = note.replace(`SidecarSet ${name} is not injected: `, "");
  return [[name, { name, verdict: "Uninjected", missed: true, reason, message }]];
}

/** The events of a Pod; empty if this user may not read them. Rejects with any other error of the API server. */
export async function readPodEvents(
  { metadata: { uid = "", namespace = "" } }: Pod,
  client: RestClient,
): Promise<readonly KubeEvent[]> {
  const selection = { namespace, fieldSelector: `regarding.uid=${uid}` };
  return await ifAllowed(readAll(client, resources.events, selection)) ?? [];
}
