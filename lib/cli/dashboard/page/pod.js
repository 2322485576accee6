// @ts-check
/// <reference lib="dom" />
import { counted, element, fill, preformatted, sidecarSetLink } from "./dom.js";
import { coalesced, load } from "./live.js";

/**
 * @typedef {{
 *   name: string, isSelected: boolean, word: string, color: string, details: string[], commands: string[],
 *   fields: string[]
 * }} Verdict
 */
/** @typedef {{ name: string, image: string, sidecarSet?: string }} Container */
/**
 * @typedef {{ sidecarSets: Verdict[], initContainers: Container[], containers: Container[], missingRights: string }}
 *   Explanation
 */

/**
 * Shows what `sidecarset explain` says about a Pod, and follows it.
 *
 * @param {string} namespace
 * @param {string} name
 */
export function createPod(namespace, name) {
  const content = element("div", "Reading the Pod…");
  let shown = "";
  const refresh = coalesced(async () => {
    const found = await load("pod", { namespace, name }).catch(({ message }) => message);
    const text = JSON.stringify(found);
    // A node that stays keeps its focus, and its open details.
    if (text !== shown) fill(content, typeof found === "string" ? found : explained(found));
    shown = text;
  });
  return {
    node: element("section", element("h1", `${namespace}/${name}`), content),
    pod: refresh,
    rows: refresh,
  };
}

/** @param {Explanation} explanation */
function explained({ sidecarSets, initContainers, containers, missingRights }) {
  const selecting = sidecarSets.filter(({ isSelected }) => isSelected);
  const others = sidecarSets.filter(({ isSelected }) => !isSelected);
  return [
    missingRights !== "" && preformatted(missingRights),
    element("h2", "SidecarSets"),
    selecting.length === 0 && element("p", "No SidecarSet selects the Pod."),
    element("div.cards", selecting.map(verdict)),
    element("h2", "Containers in start order"),
    element("ol", [
      ...initContainers.map((each) => container("init container", each)),
      ...containers.map((each) => container("container", each)),
    ]),
    others.length > 0 && element(
      "details",
      element("summary", `Not selected by ${counted(others.length, "SidecarSet")}`),
      element(
        "ul",
        others.map(({ name, details }) => element("li", sidecarSetLink(name), details.join("; "))),
      ),
    ),
  ];
}

/** @param {Verdict} each */
function verdict({ name, word, color, details, commands, fields }) {
  return element(
    "article.card",
    element("h3", sidecarSetLink(name)),
    element("p", element(`strong.is-${color}`, word)),
    details.map((text) => element("p", text)),
    commands.length > 0 && preformatted(commands.join("\n")),
    fields.length > 0 && element(
      "details",
      { open: true },
      element("summary", counted(fields.length, "injected field")),
      element("ul", fields.map((path) => element("li", element("code", path)))),
    ),
  );
}

/**
 * @param {string} kind
 * @param {Container} container
 */
function container(kind, { name, image, sidecarSet }) {
  const origin = sidecarSet === undefined ? " of the Pod itself" : ` of SidecarSet ${sidecarSet}`;
  return element("li", element("strong", name), ` ${kind} `, element("code", image), origin);
}
