// @ts-check
/// <reference lib="dom" />
import { counted, element, fill, hrefOf } from "./dom.js";
import { removeGone, shown } from "./live.js";

/** @typedef {import("./live.js").Cell} Cell */
/** @typedef {{ name: string, node: HTMLElement, title: HTMLElement, cells: HTMLElement, links: Map<string, HTMLAnchorElement> }} Group */

/**
 * A cell for each Pod, grouped by namespace and workload.
 *
 * @returns {{ node: HTMLElement, cells: (delta: import("./live.js").Delta<Cell>) => void }}
 */
export function createPodGrid() {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  /**
   * Groups whose number of Pods the current update changed.
   *
   * @type {Set<Group>}
   */
  const resized = new Set();
  /** @type {Map<string, { cell: Cell, link: HTMLAnchorElement }>} */
  const known = new Map();
  const none = element("p", { hidden: true }, "The SidecarSet selects no Pods that you may read.");
  const list = element("div");
  const node = element("div", { keydown: moveFocus }, none, list);

  /** @param {string} key */
  function remove(key) {
    const found = known.get(key);
    if (found === undefined) return;
    const group = groups.get(groupOf(found.cell));
    found.link.remove();
    known.delete(key);
    if (group === undefined) return;
    group.links.delete(key);
    resized.add(group);
    if (group.links.size > 0) return;
    group.node.remove();
    groups.delete(group.name);
  }

  /** @param {Cell} cell */
  function show(cell) {
    const before = known.get(cell.key);
    if (before && groupOf(before.cell) !== groupOf(cell)) remove(cell.key);
    const link = known.get(cell.key)?.link ??
      element("a", { href: hrefOf("pods", ...cell.key.split("/")), tabindex: -1 });
    const { letter, words } = shown(cell.state);
    link.className = `cell is-${cell.state}`;
    link.textContent = letter;
    link.title = `${cell.key}: ${words}`;
    link.setAttribute("aria-label", link.title);
    if (!known.has(cell.key)) {
      const group = groups.get(groupOf(cell)) ?? addGroup(cell);
      group.links.set(cell.key, link);
      resized.add(group);
      group.cells.append(link);
    }
    known.set(cell.key, { cell, link });
  }

  /** @param {Cell} cell */
  function addGroup(cell) {
    const title = element("h3.title", { title: groupOf(cell) });
    const cells = element("div.cells");
    /** @type {Group} */
    const group = {
      name: groupOf(cell),
      node: element("section.group", title, cells),
      title,
      cells,
      links: new Map(),
    };
    groups.set(group.name, group);
    const next = [...groups.keys()].filter((each) => each > group.name).sort()[0];
    list.insertBefore(group.node, next === undefined ? null : groups.get(next)?.node ?? null);
    return group;
  }

  return {
    node,
    cells(delta) {
      resized.clear();
      removeGone(delta, { known, keyOf: ({ key }) => key, remove });
      for (const cell of delta.changed.toSorted((a, b) => a.key < b.key ? -1 : 1)) show(cell);
      for (const { name, title, links, cells } of resized) {
        fill(title, element("span.cut", name), element("small", counted(links.size, "Pod")));
        const first = cells.firstElementChild;
        if (first instanceof HTMLElement) first.tabIndex = 0;
      }
      none.hidden = known.size > 0;
    },
  };
}

/** @param {Cell} cell */
function groupOf({ key, workload }) {
  return `${key.split("/")[0]} / ${workload || "no workload"}`;
}

/**
 * One cell of a group is in the tab order; arrow keys move among the others.
 *
 * @param {Event} event
 */
function moveFocus(event) {
  const { target } = event;
  if (!(event instanceof KeyboardEvent) || !(target instanceof HTMLElement)) return;
  const next = event.key === "ArrowRight"
    ? target.nextElementSibling
    : event.key === "ArrowLeft"
    ? target.previousElementSibling
    : undefined;
  if (!(next instanceof HTMLElement)) return;
  target.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
}
