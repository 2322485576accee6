// @ts-check
/// <reference lib="dom" />
import { createActions, perform } from "./actions.js";
import { age, button, element, fill, preformatted } from "./dom.js";
import { coalesced, load, post, STATES } from "./live.js";
import { bar, mark } from "./overview.js";
import { createPodGrid } from "./pod_grid.js";

/** @typedef {import("./live.js").Row} Row */

/**
 * Shows one SidecarSet.
 *
 * @param {string} name
 * @param {{ isReadOnly: boolean }} session
 * @returns {{
 *   node: HTMLElement, rows: (delta: import("./live.js").Delta<Row>) => void,
 *   cells: (delta: import("./live.js").Delta<import("./live.js").Cell>) => void
 * }}
 */
export function createSidecarSet(name, session) {
  const state = element("div", { "aria-live": "polite" }, "Reading the cluster…");
  const conditions = element("ul");
  const grid = createPodGrid();
  const [revisions, events] = [element("div"), element("div")];
  const refreshEvents = coalesced(() => fillEvents(name, events));
  let revision = "";

  /** @param {Row} row */
  function show(row) {
    const { attention, message, mechanism } = row;
    const sentence = [mark(attention), element("strong", row.state), ` ${message}`];
    fill(
      state,
      element("p.sentence", sentence),
      mechanism !== "" && element("p.muted", mechanism),
      bar(row),
      legend(row),
    );
    fill(conditions, row.conditions.map(condition));
    void refreshEvents();
    if (row.revision === revision) return;
    revision = row.revision;
    void fillRevisions(name, revisions, session);
  }

  const parts = {
    Pods: grid.node,
    Conditions: conditions,
    Revisions: revisions,
    Events: events,
    "What a change would do": createEditor(name),
  };
  return {
    node: element(
      "section",
      element("h1", name),
      state,
      createActions(name, session),
      Object.entries(parts).flatMap(([title, part]) => [element("h2", title), part]),
    ),
    rows({ all, changed, removed }) {
      const own = changed.find((row) => row.name === name);
      if (own !== undefined) show(own);
      else if (all || removed.includes(name)) fill(state, "There is no SidecarSet with this name.");
    },
    cells: grid.cells,
  };
}

/** @param {Row} row */
function legend({ counts }) {
  return element(
    "ul.legend",
    STATES.map(([state, letter, words]) =>
      element("li", element(`span.key.is-${state}`, letter), ` ${counts[state]} ${words}`)
    ),
  );
}

/** @param {import("./live.js").Condition} condition */
function condition({ type, status, reason, message }) {
  return element("li", element("strong", `${type}=${status}`), ` ${reason}: ${message}`);
}

/**
 * @param {string} name
 * @param {Element} target
 * @param {{ isReadOnly: boolean }} session
 */
async function fillRevisions(name, target, { isReadOnly }) {
  const { output, errors } = await load("history", { name }).catch(failed);
  /** @type {{ revisions: { number: number, revisionName: string, created: string, current: boolean }[] }} */
  const { revisions } = output === "" ? { revisions: [] } : JSON.parse(output);
  if (revisions.length === 0) {
    return fill(target, element("p", errors || "No revision is stored yet."));
  }
  const items = revisions.toReversed().map(({ number, revisionName, created, current }) => {
    const suffix = current ? " (current)" : "";
    const title = `Revision ${number}${suffix}, ${age(created)} old, ${revisionName}`;
    const details = element("details", element("summary", title));
    details.addEventListener("toggle", async () => {
      if (!details.open || details.children.length > 1) return;
      const text = await load("history", { name, revision: String(number) }).catch(failed);
      details.append(preformatted(text.output + text.errors));
      if (current || isReadOnly) return;
      const undo = { action: "undo", title: `Undo to revision ${number}:`, toRevision: number };
      details.append(button("Undo to it…", () => perform(name, undo)));
    });
    return details;
  });
  fill(target, items);
}

/**
 * @param {string} name
 * @param {Element} target
 */
async function fillEvents(name, target) {
  const { events, errors = "You may not read events." } = await load("events", { name }).catch(
    failed,
  );
  if (!events) return fill(target, element("p", errors));
  if (events.length === 0) return fill(target, element("p", "No events."));
  /** @param {Record<string, string>} event */
  const item = ({ type, reason, note, count, at = "" }) =>
    element("li", element("strong", `${type} ${reason}`), ` ${age(at)} ago, ${count}×: ${note}`);
  fill(target, element("ul", events.map(item)));
}

/** @param {Error} error */
function failed({ message }) {
  return { output: "", errors: message, events: undefined };
}

/**
 * A field for edited YAML, pasted or dropped, with what applying it would do.
 *
 * @param {string} name
 */
function createEditor(name) {
  const editor = element("textarea", {
    id: "yaml",
    rows: 16,
    spellcheck: "false",
    placeholder: "Paste or drop the YAML of a SidecarSet",
  });
  const result = element("div", { "aria-live": "polite" });
  /** @param {string} title @param {() => Promise<void>} work */
  const tool = (title, work) =>
    button(title, () => work().catch((error) => fill(result, preformatted(error.message))));
  editor.addEventListener("dragover", (event) => event.preventDefault());
  editor.addEventListener("drop", async (event) => {
    const file = event.dataTransfer?.files[0];
    if (file === undefined) return;
    event.preventDefault();
    editor.value = await file.text();
  });
  return element(
    "div.editor",
    element("label", { for: "yaml" }, "YAML of a SidecarSet. Nothing is applied."),
    editor,
    element(
      "div.tools",
      tool("Load the stored SidecarSet", async () => {
        editor.value = (await load("yaml", { name })).yaml;
      }),
      tool("Show what it would do", async () => {
        fill(result, "Asking the API server…");
        const { output, errors } = await post("diff", { yaml: editor.value });
        fill(result, preformatted(errors + output));
      }),
    ),
    result,
  );
}
