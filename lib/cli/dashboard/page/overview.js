// @ts-check
/// <reference lib="dom" />
import { age, element, fill } from "./dom.js";
import { shown, STATES } from "./live.js";

/** @typedef {import("./live.js").Row} Row */

/** @type {Record<string, (a: Row, b: Row) => number>} */
const ORDERS = {
  attention: (a, b) => b.attention - a.attention || compare(a.name, b.name),
  name: (a, b) => compare(a.name, b.name),
  age: (a, b) => compare(b.created, a.created) || compare(a.name, b.name),
  pods: (a, b) => total(b) - total(a) || compare(a.name, b.name),
};

/** @param {string} a @param {string} b */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** @param {Row} row */
function total({ counts }) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/**
 * Shows all SidecarSets. Kept when the page shows something else, with its filter and order.
 *
 * @returns {{ node: HTMLElement, rows: (delta: import("./live.js").Delta<Row>) => void }}
 */
export function createOverview() {
  /** @type {Map<string, { row: Row, line: HTMLElement }>} */
  const known = new Map();
  const list = element("div", { role: "table", "aria-label": "SidecarSets", class: "overview" });
  const summary = element("p", { class: "summary", role: "status" }, "Reading the cluster…");
  const filter = element("input", {
    id: "filter",
    type: "search",
    placeholder: "name or state",
    input: arrange,
  });
  const order = element(
    "select",
    { id: "order", change: arrange },
    ...[["attention", "what needs attention"], ["name", "name"], ["age", "age"], ["pods", "Pods"]]
      .map(([value, text]) => element("option", { value }, text)),
  );
  const node = element(
    "section",
    {},
    element("h1", {}, "SidecarSets"),
    element(
      "div",
      { class: "tools" },
      element("label", { for: "filter" }, "Filter"),
      filter,
      element("label", { for: "order" }, "Sort by"),
      order,
      summary,
    ),
    list,
  );

  function arrange() {
    const text = filter.value.trim().toLowerCase();
    const matches = [...known.values()].filter(({ row }) =>
      row.name.toLowerCase().includes(text) || row.state.toLowerCase().includes(text)
    );
    const by = ORDERS[order.value] ?? compareNone;
    matches.sort((a, b) => by(a.row, b.row));
    const lines = matches.map(({ line }) => line);
    const isSame = lines.length === list.children.length - 1 &&
      lines.every((line, at) => list.children[at + 1] === line);
    if (!isSame) list.replaceChildren(heading, ...lines);
    const urgent = matches.filter(({ row }) => row.attention === 3).length;
    const counted = matches.length === known.size
      ? `${known.size}`
      : `${matches.length} of ${known.size}`;
    fill(summary, `${counted} SidecarSets, ${urgent} ${urgent === 1 ? "needs" : "need"} attention`);
    list.hidden = lines.length === 0;
    empty.hidden = known.size > 0;
  }

  const heading = element(
    "div",
    { role: "row", class: "heading" },
    ...["Name", "Pods", "Updated", "State", "Revision", "Age"]
      .map((title) => element("span", { role: "columnheader" }, title)),
  );
  const empty = element(
    "p",
    { class: "empty", hidden: true },
    "No SidecarSets. Create one with kubectl apply; sidecarset diff -f FILE shows first what it does.",
  );
  node.append(empty);

  return {
    node,
    rows({ all, changed, removed }) {
      if (all) known.clear();
      for (const name of removed) known.delete(name);
      for (const row of changed) {
        const line = known.get(row.name)?.line ?? element("div", { role: "row" });
        showRow(line, row);
        known.set(row.name, { row, line });
      }
      arrange();
    },
  };
}

/** @returns {number} */
function compareNone() {
  return 0;
}

/**
 * @param {HTMLElement} line
 * @param {Row} row
 */
function showRow(line, row) {
  const { name, counts, state, message, attention, revision, created } = row;
  const matched = counts.updated + counts.inFlight + counts.outdated + counts.notUpgradable;
  line.className = `row attention-${attention}`;
  const cells = [
    element("a", { href: `#/sidecarsets/${encodeURIComponent(name)}` }, name),
    bar(row),
    `${counts.updated + counts.inFlight} of ${matched}`,
    element("span", { title: message, class: "state" }, mark(attention), state),
    element("code", { title: revision }, revision.slice(name.length + 1) || revision),
    age(created),
  ];
  fill(line, ...cells.map((cell) => element("span", { role: "cell" }, cell)));
}

/**
 * A shape for each urgency, since colors alone do not say it.
 *
 * @param {number} attention
 */
export function mark(attention) {
  const [shape = "", words = ""] = MARKS[attention] ?? [];
  return element(
    "span",
    { class: `mark mark-${attention}`, role: "img", "aria-label": words },
    shape,
  );
}

/** @type {readonly (readonly [string, string])[]} */
const MARKS = [["●", "fine"], ["‖", "paused or incomplete"], ["▶", "moving"], [
  "▲",
  "needs attention",
]];

/**
 * A bar with a part for each state of Pods.
 *
 * @param {Row} row
 */
export function bar({ counts }) {
  const parts = STATES.filter(([state]) => counts[state] > 0);
  const text = parts.map(([state, , words]) => `${counts[state]} ${words}`).join(", ") || "no Pods";
  const made = element("span", { class: "bar", role: "img", "aria-label": text, title: text });
  for (const [state] of parts) {
    const part = element("span", { class: `part is-${state}` }, shown(state).letter);
    part.style.flexGrow = String(counts[state]);
    made.append(part);
  }
  return made;
}
