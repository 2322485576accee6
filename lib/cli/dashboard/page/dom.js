// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** @typedef {Node | string | undefined | false} Child */

/**
 * Creates an element. Text becomes text nodes, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | EventListener | undefined>} [attributes] A function is a
 *   listener; false and undefined are left out.
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...present(children));
  return made;
}

/**
 * Replaces the content of a node.
 *
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...present(children));
}

/** @param {Child[]} children */
function present(children) {
  return children.filter((child) => child !== undefined && child !== false);
}

/**
 * An element of index.html.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`Cannot find the element ${id}`);
}

/**
 * `1 Pod`, `2 Pods`.
 *
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * A preformatted text; the lines of a unified diff get colors.
 *
 * @param {string} text
 */
export function preformatted(text) {
  const lines = text.replace(/\n$/, "").split("\n").map((line) => {
    const kind = /^\+/.test(line) ? "added" : /^-/.test(line) ? "removed" : "";
    return kind === "" ? `${line}\n` : element("span", { class: kind }, `${line}\n`);
  });
  return element("pre", { tabindex: 0 }, ...lines);
}

/**
 * The time since a moment, in the largest fitting unit, such as `5m`.
 *
 * @param {string} time RFC 3339
 */
export function age(time) {
  const seconds = Math.max(0, (Date.now() - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds)) return "";
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${Math.floor(seconds)}s`;
}

/** @type {readonly (readonly [string, number])[]} */
const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60]];
