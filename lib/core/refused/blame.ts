import type { Pod } from "../../api/pod.ts";
import { injectedPod } from "../json/patch.ts";
import type { Injection } from "../inject/contract.ts";
import type { PreparedSidecarSet } from "../prepared.ts";
import { recordOf } from "../status/record.ts";
import { containerNames } from "../status/containers.ts";
import { containersOutOfRange, excessiveContainers } from "./amounts.ts";
import {
  containersIn,
  isWebhookFailure,
  type MemberList,
  namesSidecarSet,
  positionsIn,
} from "./message.ts";

/** A refused Pod and the injection's dry run for it. */
interface RefusedInjection {
  /** As the workload's controller creates it. */
  readonly pod: Pod;
  readonly injection: Injection;
  /** The SidecarSets that select it. */
  readonly selecting: readonly PreparedSidecarSet[];
}

/** SidecarSet by name of the added list member. */
type Additions = Readonly<Record<MemberList, ReadonlyMap<string, string>>>;

/**
 * SidecarSets that caused the API server to refuse a Pod: the message names one of their containers, its index, an
 * amount that is exceeded only with the sidecars, or their own webhook. Any other refusal is not caused by
 * sidecars.
 *
 * @param text the message without the Pod's name, as `refusalText` returns it
 */
export function blamedSidecarSets(text: string, refused: RefusedInjection): string[] {
  const { pod, injection, selecting } = refused;
  const refusing = selecting.filter((prepared) => isRefusedFor(prepared, text));
  const injected = selecting.filter(({ name }) =>
    injection.injected.some(({ sidecarSet }) => sidecarSet === name)
  );
  if (injected.length === 0) return namesOf(refusing);
  const outcome = injectedPod(pod, injection.patch);
  const additions = additionsOf({ before: pod, after: outcome }, injected);
  const named = [
    ...containersIn(text),
    ...excessiveContainers(text, { before: pod, after: outcome }),
    ...containersOutOfRange(text, { before: pod, after: outcome }),
  ].flatMap((name) => additions.containers.get(name) ?? additions.initContainers.get(name) ?? []);
  const placed = positionsIn(text).flatMap(({ list, index }) =>
    additions[list].get(outcome.spec[list]?.[index]?.name ?? "") ?? []
  );
  const blamed = new Set([...namesOf(refusing), ...named, ...placed]);
  return namesOf(selecting).filter((name) => blamed.has(name));
}

/** Whether the webhook refused the Pod for this SidecarSet, or could not be called with `failurePolicy: Fail`. */
function isRefusedFor({ name, sidecarSet }: PreparedSidecarSet, text: string): boolean {
  if (sidecarSet.spec.failurePolicy !== "Fail") return false;
  return namesSidecarSet(text, name) || isWebhookFailure(text);
}

function additionsOf(
  { before, after }: { before: Pod; after: Pod },
  injected: readonly PreparedSidecarSet[],
): Additions {
  const own = (list: MemberList) => new Set(before.spec[list]?.map(({ name }) => name));
  const additions = (list: MemberList) => {
    const known = own(list);
    const names = (after.spec[list] ?? []).map(({ name }) => name).filter((name) =>
      !known.has(name)
    );
    return new Map(names.flatMap((name) => {
      const owner = injected.find((prepared) => adds(prepared, { pod: after, list, name }));
      return owner === undefined ? [] : [[name, owner.name] as const];
    }));
  };
  return {
    containers: additions("containers"),
    initContainers: additions("initContainers"),
    volumes: additions("volumes"),
  };
}

/** With a pinned revision the Pod's record names its containers. */
function adds(
  { name: sidecarSetName, sidecarSet: { spec } }: PreparedSidecarSet,
  { pod, list, name }: { pod: Pod; list: MemberList; name: string },
): boolean {
  if (list === "volumes") return spec.volumes?.some((volume) => volume.name === name) ?? false;
  const recorded = recordOf(pod, sidecarSetName).full?.sidecarList ?? [];
  const listed = [...spec.containers ?? [], ...spec.initContainers ?? []];
  return recorded.includes(name) || listed.some((each) => containerNames(each).includes(name));
}

function namesOf(sidecarSets: readonly PreparedSidecarSet[]): string[] {
  return sidecarSets.map(({ name }) => name);
}
