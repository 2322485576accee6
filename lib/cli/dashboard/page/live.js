// @ts-check
/// <reference lib="dom" />

/** @typedef {"updated" | "inFlight" | "outdated" | "notUpgradable" | "uninjected" | "missed"} PodState */
/** @typedef {{ key: string, workload: string, state: PodState }} Cell */
/** @typedef {{ type: string, status: string, reason: string, message: string }} Condition */
/**
 * @typedef {{
 *   name: string, counts: Record<PodState, number>, state: string, message: string, attention: number,
 *   mechanism: string, conditions: Condition[], revision: string, created: string
 * }} Row
 */
/**
 * What changed: keys to show again, and keys that are gone. With `all`, `changed` has everything.
 *
 * @template T
 * @typedef {{ all: boolean, changed: T[], removed: string[] }} Delta
 */

/** States in the order in which they are shown, with the letter and the words of each. */
export const STATES = /** @type {const} */ ([
  ["updated", "U", "updated"],
  ["inFlight", "F", "in flight"],
  ["outdated", "O", "outdated"],
  ["notUpgradable", "N", "not upgradable in place"],
  ["uninjected", "S", "selected, without the sidecars"],
  ["missed", "M", "missed"],
]);

/**
 * @param {PodState} state
 * @returns {{ letter: string, words: string }}
 */
export function shown(state) {
  const [, letter = "", words = ""] = STATES.find(([each]) => each === state) ?? [];
  return { letter, words };
}

/** Time until a connection that the browser does not open again by itself is tried again. */
const RETRY_MS = 2_000;
/** Shortest time between two readings of the same data. */
const INTERVAL_MS = 1_000;

/**
 * @typedef {{
 *   rows(delta: Delta<Row>): void, cells(delta: Delta<Cell>): void, pod(): void,
 *   cluster(data: { problems: string[] }): void, connected(isConnected: boolean): void
 * }} Receiver
 */

/**
 * Receives the server's events until it is closed. A hidden tab has no connection, since a browser opens only six to
 * one server, and receives everything again when it is shown.
 *
 * @param {Record<string, string>} query what is received in addition to the SidecarSets
 * @param {Receiver} receiver
 * @returns {() => void} closes the connection
 */
export function receive(query, receiver) {
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry;
  function close() {
    clearTimeout(retry);
    source?.close();
  }
  function open() {
    close();
    if (document.hidden) return;
    const opened = source = new EventSource(`/api/live?${new URLSearchParams(query)}`);
    opened.addEventListener("open", () => receiver.connected(true));
    opened.addEventListener("error", () => {
      receiver.connected(false);
      if (opened.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    });
    for (const name of /** @type {const} */ (["rows", "cells", "pod", "cluster"])) {
      opened.addEventListener(name, ({ data }) => receiver[name](JSON.parse(data)));
    }
  }
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

/**
 * A function that does the work soon after each call: at most once at a time, and with a pause.
 *
 * @param {() => Promise<unknown>} work
 */
export function coalesced(work) {
  let [isRunning, isStale] = [false, false];
  return async () => {
    isStale = true;
    if (isRunning) return;
    isRunning = true;
    while (isStale) {
      isStale = false;
      await work();
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
    isRunning = false;
  };
}

/**
 * Applies a change to what is shown: keys that are gone, or that are not in a whole list, are removed first.
 *
 * @template T
 * @param {Delta<T>} delta
 * @param {{ known: Map<string, unknown>, keyOf: (item: T) => string, remove: (key: string) => void }} shown
 */
export function removeGone({ all, changed, removed }, { known, keyOf, remove }) {
  const present = new Set(changed.map(keyOf));
  for (const key of all ? [...known.keys()] : removed) if (!present.has(key)) remove(key);
}

/**
 * Requests data from the server.
 *
 * @param {string} path
 * @param {Record<string, string>} [query]
 */
export function load(path, query = {}) {
  return answerOf(fetch(`/api/${path}?${new URLSearchParams(query)}`));
}

/**
 * Sends data to the server.
 *
 * @param {string} path
 * @param {object} body
 */
export function post(path, body) {
  const headers = { "content-type": "application/json" };
  return answerOf(fetch(`/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

/** @param {Promise<Response>} request */
async function answerOf(request) {
  const response = await request.catch(() => undefined);
  if (response === undefined) throw new Error("The dashboard's process has ended: start it again");
  if (response.ok) return await response.json();
  throw new Error((await response.text()).trim());
}
