import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import { canaryBaseOf } from "../canary.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import { compareUtf8, goJson } from "../json/go_json.ts";
import { isEmptySelector } from "../select/label_selector.ts";
import { selectionsOverlap } from "../select/overlap.ts";
import { type Selection, selectsSomeNamespaces } from "../select/pod_selection.ts";

/** What decides about a SidecarSet's place among others in a Pod. */
export interface Contender {
  readonly name: string;
  readonly selection: Selection;
  /** Of what only one SidecarSet of a Pod may have: the text that names it in a message, by itself. */
  readonly claims: ReadonlyMap<string, unknown>;
  readonly places: readonly Place[];
}

/** A position in one list of the Pod, and the first and last name that the containers there are sorted by. */
interface Place {
  readonly inFront: boolean;
  /** What the containers are and where, for a message. */
  readonly text: string;
  readonly first: string;
  readonly last: string;
}

/** @param plans every revision that new Pods may get */
export function contenderOf(
  { name, selection }: Pick<Contender, "name" | "selection">,
  plans: readonly SidecarSetPlan[],
): Contender {
  return {
    name,
    selection,
    claims: new Map(plans.flatMap(claimsOf)),
    places: plans.flatMap(placesOf),
  };
}

/**
 * What both SidecarSets have, so that the decision about one depends on the other; a policy decides about each by
 * itself. Undefined if nothing, or if no Pod is selected by both.
 */
export function clashOf(a: Contender, b: Contender): string | undefined {
  for (const [claim, value] of a.claims) {
    if (b.claims.has(claim) && isClash(value, b.claims.get(claim))) {
      return canMeet(a, b) ? `both have the ${claim}` : undefined;
    }
  }
  return undefined;
}

/**
 * Why containers would not be in the order of the SidecarSets' names if the policy injects one and the webhook the
 * other: the API server evaluates policies first, so the webhook's containers are outside of the policy's.
 */
export function disorderOf(
  { policy, webhook }: { policy: Contender; webhook: Contender },
): string | undefined {
  for (const own of policy.places) {
    const other = webhook.places.find(({ text }) => text === own.text);
    if (other === undefined) continue;
    const inOrder = own.inFront
      ? compareUtf8(other.last, own.first) < 0
      : compareUtf8(own.last, other.first) < 0;
    if (!inOrder) return canMeet(policy, webhook) ? `both add ${own.text}` : undefined;
  }
  return undefined;
}

/** An empty selector selects only together with a selector of namespaces. */
function canMeet(a: Contender, b: Contender): boolean {
  return [a, b].every(({ selection }) =>
    selection.selector !== undefined &&
    (!isEmptySelector(selection.selector) || selectsSomeNamespaces(selection))
  ) && selectionsOverlap(a.selection, b.selection);
}

/** Claims that are equal in both, such as volumes, do not clash. */
function isClash(a: unknown, b: unknown): boolean {
  return a === undefined || a !== b;
}

function claimsOf(plan: SidecarSetPlan): [claim: string, value: unknown][] {
  const { sidecarSet: { spec } } = plan.prepared;
  const base = canaryBaseOf(plan.prepared.sidecarSet);
  const annotations = (spec.patchPodMetadata ?? []).flatMap((each) =>
    Object.keys(each.annotations ?? {})
  );
  const claim = (text: string): [string, unknown] => [text, undefined];
  return [
    claim(`canary or base ${base ?? plan.name}`),
    ...[...plan.containerNames].map((name) => claim(`container ${name}`)),
    ...portsOf(plan).map((port) => claim(`port ${port}`)),
    ...annotations.map((key) => claim(`annotation ${key}`)),
    ...plan.volumes.map((volume): [string, unknown] => [`volume ${volume.name}`, goJson(volume)]),
    // Of two that mount the Pod's volume none adds it; one that adds it must not meet one that mounts the Pod's.
    ...plan.volumesOfPod.map(({ volume }): [string, unknown] => [`volume ${volume}`, "of the Pod"]),
  ];
}

/** In a Pod that uses the host's network, every port is one of the host. */
function portsOf({ sidecars }: SidecarSetPlan): string[] {
  const containers = sidecars.filter(({ list }) => list === "containers")
    .flatMap((sidecar) => sidecar.containers.map(({ container }) => container));
  return containers.flatMap(({ ports }: Container) =>
    Array.isArray(ports)
      ? ports.filter(isObject).flatMap(({ hostPort, containerPort }) =>
        [hostPort, containerPort].filter(Boolean).map(String)
      )
      : []
  );
}

function placesOf({ name, sidecars }: SidecarSetPlan): Place[] {
  return [true, false].flatMap((inFront) => {
    const there = sidecars.filter((sidecar) => sidecar.inFront === inFront);
    const position = inFront ? "before" : "after";
    const inits = there.filter(({ list }) => list === "initContainers")
      .flatMap(({ containers }) => containers.map((each) => each.name)).sort(compareUtf8);
    const [first, last] = [inits[0], inits.at(-1)];
    return [
      ...(inits.length < there.length
        ? [{ inFront, text: `containers ${position} those of the Pod`, first: name, last: name }]
        : []),
      // Init containers are in the order of their own names.
      ...(first === undefined || last === undefined
        ? []
        : [{ inFront, text: `init containers ${position} those of the Pod`, first, last }]),
    ];
  });
}
