/** What is said around the API server's words: the event's own, and the name of a Pod that was never stored, another one each time. */
const FRAME =
  /^(?:\(combined from similar events\): )?(?:Error creating: |[Cc]reate Pod \S+ in StatefulSet \S+ failed error: )?(?:pods "[^"]*" is forbidden: |Pod "[^"]*" is invalid: )?/;

/** Why a Pod was refused, in the API server's words, from the note of an event with the reason FailedCreate. */
export function refusalText(note: string): string {
  return note.replace(FRAME, "");
}

/** A list of a Pod's spec whose members a SidecarSet brings. */
export type MemberList = "containers" | "initContainers" | "volumes";

/** `spec.containers[1]`, `spec.resources.containers[1]`, and `/spec/containers/1` as policy engines write it. */
const POSITION =
  /\bspec(?:\.resources)?[./](containers|initContainers|volumes)(?:\[(\d+)\]|\/(\d+))/g;
/** What stands after the word, up to the end of what is said of it: `container "a" must`, `must specify limits.cpu for: a,b;`. */
const NAMING = /\b(?:containers?\b|for: )([^;()]*)/gi;
const WORDS = /[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?/g;
const OWN_WEBHOOK = /\bfailed calling webhook "fail-[0-9a-f]+\.pods\.apps\.kruise\.io"/;

const HINTS =
  /container|for: |\bvolumes\b|\bspec\.resources\b|SidecarSet |exceeded quota|usage per Pod|\.pods\.apps\.kruise\.io"/i;

/** Whether it is worth finding out whose a refusal is: most are about what has nothing to do with containers. */
export function mayBlameSidecars(text: string): boolean {
  return HINTS.test(text);
}

/** The members of a Pod's lists that a refusal is about, by their places. */
export function positionsIn(text: string): { list: MemberList; index: number }[] {
  return [...text.matchAll(POSITION)].flatMap(([, list, bracket, slash]) =>
    isMemberList(list) ? [{ list, index: Number(bracket ?? slash) }] : []
  );
}

/** Words of a refusal that may be names of containers. */
export function containersIn(text: string): ReadonlySet<string> {
  return new Set(
    [...text.matchAll(NAMING)].flatMap(([, said = ""]) => said.match(WORDS) ?? []),
  );
}

/** Whether a refusal of a webhook names the SidecarSet. */
export function namesSidecarSet(text: string, name: string): boolean {
  return [...text.matchAll(/\bSidecarSet ([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)/g)]
    .some(([, named]) => named === name);
}

/** Whether the API server could not ask the webhook that may refuse Pods. */
export function isWebhookFailure(text: string): boolean {
  return OWN_WEBHOOK.test(text);
}

function isMemberList(text: string | undefined): text is MemberList {
  return text === "containers" || text === "initContainers" || text === "volumes";
}
