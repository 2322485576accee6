// @ts-check
/// <reference lib="dom" />
import { counted, element, fill, preformatted } from "./dom.js";
import { load } from "./live.js";

/**
 * @typedef {{
 *   name: string, verdict: string, reason?: string, message?: string, revision?: string,
 *   update?: { state: string, message: string }, changed?: string[], caveats?: string[], next?: string,
 *   commands?: string[], fields?: string[]
 * }} Verdict
 */
/** @typedef {{ name: string, image: string, sidecarSet?: string }} Container */
/**
 * @typedef {{ object: string, namespace: string, sidecarSets: Verdict[], initContainers: Container[],
 *   containers: Container[] }} Explanation
 */

/**
 * Shows what `sidecarset explain` says about a Pod.
 *
 * @param {string} namespace
 * @param {string} name
 * @param {Element} target
 */
export async function showPod(namespace, name, target) {
  fill(target, element("h1", {}, `${namespace}/${name}`), element("p", {}, "Reading the Pod…"));
  const { output, errors } = await load("pod", { namespace, name });
  /** @type {{ pods: Explanation[] }} */
  const { pods: [explanation] } = output === "" ? { pods: [] } : JSON.parse(output);
  if (explanation === undefined) {
    return fill(target, element("h1", {}, `${namespace}/${name}`), preformatted(errors));
  }
  const isSelected = (/** @type {Verdict} */ { reason }) => reason !== "NotSelected";
  const selecting = explanation.sidecarSets.filter(isSelected);
  const others = explanation.sidecarSets.filter((each) => !isSelected(each));
  fill(
    target,
    element("h1", {}, `${namespace}/${name}`),
    element("h2", {}, "SidecarSets"),
    selecting.length === 0 && element("p", {}, "No SidecarSet selects the Pod."),
    element("div", { class: "cards" }, ...selecting.map(verdict)),
    element("h2", {}, "Containers in start order"),
    containerList(explanation),
    others.length > 0 && element(
      "details",
      {},
      element("summary", {}, `Not selected by ${counted(others.length, "SidecarSet")}`),
      element(
        "ul",
        {},
        ...others.map((each) => element("li", {}, link(each.name), `: ${each.message ?? ""}`)),
      ),
    ),
  );
}

/** @param {string} name */
function link(name) {
  return element("a", { href: `#/sidecarsets/${encodeURIComponent(name)}` }, name);
}

/** @param {Verdict} each */
function verdict(
  {
    name,
    verdict,
    reason,
    message,
    revision,
    update,
    changed,
    caveats = [],
    next,
    commands = [],
    fields = [],
  },
) {
  const state = update === undefined ? reason ?? "" : update.state;
  return element(
    "article",
    { class: "card" },
    element(
      "h3",
      {},
      link(name),
      " ",
      element("span", { class: "badge" }, verdict === "InjectedBefore" ? "Injected" : verdict),
    ),
    state !== "" &&
      element("p", {}, element("strong", {}, state), `: ${update?.message ?? message ?? ""}`),
    revision !== undefined && element("p", {}, "Revision ", element("code", {}, revision)),
    changed !== undefined && element("p", {}, `Changed since: ${changed.join(", ")}`),
    ...caveats.map((text) => element("p", {}, text)),
    next !== undefined && element("p", {}, `Next: ${next}`),
    ...commands.map((command) => element("pre", { tabindex: 0 }, command)),
    fields.length > 0 && element(
      "details",
      { open: true },
      element("summary", {}, counted(fields.length, "injected field")),
      element("ul", {}, ...fields.map((path) => element("li", {}, element("code", {}, path)))),
    ),
  );
}

/** @param {Explanation} explanation */
function containerList({ initContainers, containers }) {
  const item =
    (/** @type {string} */ kind) => (/** @type {Container} */ { name, image, sidecarSet }) =>
      element(
        "li",
        {},
        element("strong", {}, name),
        ` ${kind} `,
        element("code", {}, image),
        sidecarSet === undefined ? " the Pod's own" : " from ",
        sidecarSet !== undefined && link(sidecarSet),
      );
  return element(
    "ol",
    {},
    ...initContainers.map(item("init container")),
    ...containers.map(item("container")),
  );
}
