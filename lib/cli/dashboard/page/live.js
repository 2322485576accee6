// @ts-check
/// <reference lib="dom" />

/** @typedef {"updated" | "inFlight" | "outdated" | "notUpgradable" | "uninjected" | "missed"} PodState */
/** @typedef {{ key: string, workload: string, state: PodState }} Cell */
/** @typedef {{ type: string, status: string, reason: string, message: string }} Condition */
/**
 * @typedef {{
 *   name: string, counts: Record<PodState, number>, state: string, message: string, attention: number,
 *   conditions: Condition[], isPaused: boolean, revision: string, created: string
 * }} Row
 */
/**
 * What changed: keys to show again, and keys that are gone. `all` begins from nothing.
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

/**
 * Receives the server's events until it is closed. The browser connects again by itself.
 *
 * @param {string | undefined} name SidecarSet whose Pods are received
 * @param {{
 *   rows(delta: Delta<Row>): void, cells(delta: Delta<Cell>): void,
 *   cluster(problems: string[]): void, connected(isConnected: boolean): void
 * }} receiver
 * @returns {() => void} closes the connection
 */
export function receive(name, receiver) {
  const source = new EventSource(
    `/api/live${name === undefined ? "" : `?name=${encodeURIComponent(name)}`}`,
  );
  source.addEventListener("open", () => receiver.connected(true));
  source.addEventListener("error", () => receiver.connected(false));
  source.addEventListener("rows", ({ data }) => receiver.rows(JSON.parse(data)));
  source.addEventListener("cells", ({ data }) => receiver.cells(JSON.parse(data)));
  source.addEventListener("cluster", ({ data }) => receiver.cluster(JSON.parse(data).problems));
  return () => source.close();
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
