// @ts-check
/// <reference lib="dom" />
import { byId, element, fill, preformatted } from "./dom.js";
import { load, post } from "./live.js";

/** @typedef {{ action: string, title: string, toRevision?: number }} Offered */

/** @type {readonly Offered[]} */
const OFFERED = [
  { action: "pause", title: "Pause" },
  { action: "resume", title: "Resume" },
  { action: "undo", title: "Undo" },
  { action: "restart-injection", title: "Restart injection" },
];

/**
 * The buttons of a SidecarSet's actions; those that are not possible are disabled with the reason.
 *
 * @param {string} name
 * @param {{ isReadOnly: boolean }} session
 */
export function createActions(name, { isReadOnly }) {
  const reason = element("p", { class: "reason", hidden: true });
  const buttons = new Map(OFFERED.map((offered) => [
    offered.action,
    element(
      "button",
      { type: "button", click: () => void perform(name, offered) },
      `${offered.title}…`,
    ),
  ]));
  const node = element("div", { class: "actions" }, ...buttons.values(), reason);
  /** @param {Record<string, string>} why by action */
  const disable = (why) => {
    for (const [action, text] of Object.entries(why)) {
      const button = buttons.get(action);
      if (button === undefined) continue;
      button.disabled = true;
      button.title = text;
    }
    const texts = [...new Set(Object.values(why))];
    reason.hidden = texts.length === 0;
    fill(reason, `Not possible: ${texts.join("; ")}`);
  };
  if (isReadOnly) {
    disable(
      Object.fromEntries([...buttons.keys()].map((action) => [action, "started with --read-only"])),
    );
  } else {
    load("forbidden", { name }).then(disable, (error) => {
      reason.hidden = false;
      fill(reason, error.message);
    });
  }
  return node;
}

/**
 * Shows what an action will do, asks once, and shows what the API server answered.
 *
 * @param {string} name
 * @param {Offered} offered
 */
export async function perform(name, { action, title, toRevision }) {
  const dialog = byId("dialog", HTMLDialogElement);
  const heading = element("h2", { id: "dialog-title" }, `${title} ${name}`);
  const close = element("button", { type: "button", click: () => dialog.close() }, "Cancel");
  const content = element(
    "div",
    { class: "content", "aria-live": "polite" },
    "Asking the API server…",
  );
  const confirm = element("button", { type: "button", class: "primary", disabled: true }, title);
  fill(dialog, heading, content, element("div", { class: "buttons" }, close, confirm));
  dialog.showModal();
  const request = { action, name, ...(toRevision === undefined ? {} : { toRevision }) };
  const preview = await attempt({ ...request, dryRun: true });
  fill(content, preformatted(preview.text));
  if (!preview.isDone) return fill(close, "Close");
  confirm.disabled = false;
  confirm.addEventListener("click", async () => {
    confirm.disabled = true;
    const result = await attempt({ ...request, dryRun: false });
    fill(content, preformatted(result.text));
    confirm.remove();
    fill(close, "Close");
    close.focus();
  }, { once: true });
  confirm.focus();
}

/** @param {object} request */
async function attempt(request) {
  try {
    const { status, output, errors } = await post("actions", request);
    return { isDone: status === 0, text: output + errors };
  } catch (error) {
    return { isDone: false, text: error instanceof Error ? error.message : String(error) };
  }
}
