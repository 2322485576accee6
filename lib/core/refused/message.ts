import type { KubeEvent, ObjectReference } from "../../api/objects.ts";

/** The text around the API server's message: the event's prefix, and the random name of the Pod. */
const FRAME = new RegExp(
  [
    /^(?:\(combined from similar events\): )?/,
    /(?:Error creating: |[Cc]reate Pod \S+ in StatefulSet \S+ failed error: )?/,
    /(?:pods "[^"]*" is forbidden: |Pod "[^"]*" is invalid: )?/,
  ].map(({ source }) => source).join(""),
);

/** The API server's message in the note of a FailedCreate event. */
export function refusalText(note: string): string {
  return note.replace(FRAME, "");
}

/** A list of the Pod's spec that SidecarSets add to. */
export type MemberList = "containers" | "initContainers" | "volumes";

/** `spec.containers[1]`, `spec.resources.containers[1]`, and `/spec/containers/1` as policy engines write it. */
const POSITION =
  /\bspec(?:\.resources)?[./](containers|initContainers|volumes)(?:\[(\d+)\]|\/(\d+))/g;
/** Names after a keyword: `container "a" must`, `must specify limits.cpu for: a,b;`. */
const NAMING = /\b(?:containers?\b|for: )([^;()]*)/gi;
const WORDS = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/g;
const OWN_WEBHOOK = /\bfailed calling webhook "fail-[0-9a-f]+\.pods\.apps\.kruise\.io"/;

const HINTS =
  /container|for: |\bvolumes\b|\bspec\.resources\b|SidecarSet |exceeded quota|usage per Pod|\.pods\.apps\.kruise\.io"/i;

/** Whether a message can be about containers; most are not, and need no dry run. */
export function mayBlameSidecars(text: string): boolean {
  return HINTS.test(text);
}

/** List members that the message refers to by index. */
export function positionsIn(text: string): { list: MemberList; index: number }[] {
  return [...text.matchAll(POSITION)].flatMap(([, list, bracket, slash]) =>
    isMemberList(list) ? [{ list, index: Number(bracket ?? slash) }] : []
  );
}

/** Words in the message that may be container names. */
export function containersIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(NAMING)].flatMap(([, said = ""]) => said.match(WORDS) ?? []),
  );
}

/** Whether a webhook's message names the SidecarSet. */
export function namesSidecarSet(text: string, name: string): boolean {
  return [...text.matchAll(/\bSidecarSet ([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/g)]
    .some(([, named]) => named === name);
}

/** Whether the API server could not call the webhook. */
export function isWebhookFailure(text: string): boolean {
  return OWN_WEBHOOK.test(text);
}

function isMemberList(text: string | undefined): text is MemberList {
  return text === "containers" || text === "initContainers" || text === "volumes";
}

/** Reason of events that report a workload's failure to create a Pod. */
export const FAILED_CREATE = "FailedCreate";

/** A workload with a refused Pod. */
export interface FailedCreate {
  readonly workload: ObjectReference;
  /** The API server's words. */
  readonly text: string;
  /** Milliseconds. */
  readonly at: number;
}

/** The workload and message of an event of either API version. */
export function failedCreateOf(event: KubeEvent): FailedCreate {
  const { regarding, note, eventTime, series, deprecatedLastTimestamp, metadata } = event;
  const times = [
    series?.lastObservedTime,
    deprecatedLastTimestamp,
    eventTime,
    metadata.creationTimestamp,
  ].map((time) => Date.parse(time ?? ""));
  return {
    workload: regarding,
    text: refusalText(note),
    at: Math.max(0, ...times.filter((time) => !Number.isNaN(time))),
  };
}
