// @ts-check
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** @typedef {Node | string | undefined | false} Leaf */
/** @typedef {Leaf | (Leaf | Leaf[])[]} Child */
/** @typedef {Record<string, string | number | boolean | EventListener | undefined>} Attributes */

/**
 * Creates an element. Text becomes text nodes, never markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K | `${K}.${string}`} selector `tag` or `tag.class.class`
 * @param {Attributes | Child} [first] Attributes, or a child. A function is a listener; false and undefined are left
 *   out.
 * @param {...Child} rest
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(selector, first, ...rest) {
  const [tag, ...classes] = selector.split(".");
  const made = document.createElement(/** @type {K} */ (tag));
  if (classes.length > 0) made.className = classes.join(" ");
  if (typeof first !== "object" || first instanceof Node || Array.isArray(first)) {
    fill(made, first, ...rest);
    return made;
  }
  for (const [name, value] of Object.entries(first)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  fill(made, ...rest);
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

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function present(children) {
  return children.flatMap((child) =>
    Array.isArray(child) ? present(child) : child === undefined || child === false ? [] : [child]
  );
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
 * The address of the page of a SidecarSet or Pod.
 *
 * @param {"sidecarsets" | "pods"} kind
 * @param {...string} names
 */
export function hrefOf(kind, ...names) {
  return `#/${[kind, ...names.map(encodeURIComponent)].join("/")}`;
}

/**
 * A link to a SidecarSet; a long name is cut and has the whole name as its title.
 *
 * @param {string} name
 */
export function sidecarSetLink(name) {
  return element("a.cut", { href: hrefOf("sidecarsets", name), title: name }, name);
}

/**
 * @param {string} title
 * @param {() => unknown} work
 */
export function button(title, work) {
  return element("button", { type: "button", click: () => void work() }, title);
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
    const kind = line.startsWith("+") ? ".added" : line.startsWith("-") ? ".removed" : "";
    return kind === "" ? `${line}\n` : element(`span${kind}`, `${line}\n`);
  });
  return element("pre", { tabindex: 0 }, lines);
}

/** @type {readonly (readonly [string, number])[]} */
const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];

/**
 * The time since a moment, in the largest fitting unit, such as `5m`; empty for an invalid time.
 *
 * @param {string} time RFC 3339
 */
export function age(time) {
  const seconds = Math.max(1, (Date.now() - Date.parse(time)) / 1000);
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["", NaN];
  return unit && `${Math.floor(seconds / length)}${unit}`;
}
