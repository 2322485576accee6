// @ts-check
/// <reference lib="dom" />
import { age, counted, element, fill, sidecarSetLink } from "./dom.js";
import { removeGone, shown, STATES } from "./live.js";

/** @typedef {import("./live.js").Row} Row */

/** @type {Record<string, { title: string, compare: (a: Row, b: Row) => number }>} */
const ORDERS = {
  attention: { title: "what needs attention", compare: (a, b) => b.attention - a.attention },
  name: { title: "name", compare: () => 0 },
  age: { title: "age", compare: (a, b) => compare(b.created, a.created) },
  pods: { title: "Pods", compare: (a, b) => total(b) - total(a) },
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
  const list = element("div.overview", { role: "table", "aria-label": "SidecarSets" });
  const summary = element("p.muted", { role: "status" }, "Reading the cluster…");
  const filter = element("input", {
    id: "filter",
    type: "search",
    placeholder: "name or state",
    input: arrange,
  });
  const order = element(
    "select",
    { id: "order", change: arrange },
    Object.entries(ORDERS).map(([value, { title }]) => element("option", { value }, title)),
  );
  const empty = element(
    "p.empty",
    { hidden: true },
    "No SidecarSets. Create one with kubectl apply; sidecarset diff -f FILE shows first what it does.",
  );
  const tools = element(
    "div.tools",
    element("label", { for: "filter" }, "Filter"),
    filter,
    element("label", { for: "order" }, "Sort by"),
    order,
    summary,
  );
  const node = element("section", element("h1", "SidecarSets"), tools, list, empty);
  const heading = element(
    "div.heading.muted",
    { role: "row" },
    ["Name", "Pods", "Updated", "State", "Revision", "Age"]
      .map((title) => element("span", { role: "columnheader" }, title)),
  );

  function arrange() {
    const text = filter.value.trim().toLowerCase();
    const matches = [...known.values()].filter(({ row }) =>
      row.name.toLowerCase().includes(text) || row.state.toLowerCase().includes(text)
    );
    const by = ORDERS[order.value]?.compare ?? (() => 0);
    matches.sort((a, b) => by(a.row, b.row) || compare(a.row.name, b.row.name));
    const lines = [heading, ...matches.map(({ line }) => line)];
    const isSame = lines.length === list.children.length &&
      lines.every((line, at) => list.children[at] === line);
    if (!isSame) list.replaceChildren(...lines);
    const urgent = matches.filter(({ row }) => row.attention === 3).length;
    const some = matches.length === known.size ? "" : `${matches.length} of `;
    const need = urgent === 1 ? "needs" : "need";
    fill(summary, `${some}${counted(known.size, "SidecarSet")}, ${urgent} ${need} attention`);
    list.hidden = matches.length === 0;
    empty.hidden = known.size > 0;
  }

  return {
    node,
    rows(delta) {
      removeGone(delta, {
        known,
        keyOf: ({ name }) => name,
        remove: (name) => known.delete(name),
      });
      for (const row of delta.changed) {
        const line = known.get(row.name)?.line ?? element("div", { role: "row" });
        showRow(line, row);
        known.set(row.name, { row, line });
      }
      arrange();
    },
  };
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
    sidecarSetLink(name),
    bar(row),
    `${counts.updated + counts.inFlight} of ${matched}`,
    element("span.cut", { title: `${state}: ${message}` }, mark(attention), state),
    element("code.cut", { title: revision }, revision.slice(name.length + 1) || revision),
    age(created),
  ];
  fill(line, cells.map((cell) => element("span", { role: "cell" }, cell)));
}

/**
 * A shape for each urgency, since colors alone do not say it.
 *
 * @param {number} attention
 */
export function mark(attention) {
  const [shape = "", words = ""] = MARKS[attention] ?? [];
  return element(`span.mark.mark-${attention}`, { role: "img", "aria-label": words }, shape);
}

const MARKS = [
  ["●", "fine"],
  ["‖", "paused or incomplete"],
  ["▶", "moving"],
  ["▲", "needs attention"],
];

/**
 * A bar with a part for each state of Pods.
 *
 * @param {Row} row
 */
export function bar({ counts }) {
  const parts = STATES.filter(([state]) => counts[state] > 0);
  const text = parts.map(([state, , words]) => `${counts[state]} ${words}`).join(", ") || "no Pods";
  const made = element("span.bar", { role: "img", "aria-label": text, title: text });
  for (const [state] of parts) {
    const part = element(`span.part.is-${state}`, shown(state).letter);
    part.style.flexGrow = String(counts[state]);
    made.append(part);
  }
  return made;
}
