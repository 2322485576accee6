// @ts-check
/// <reference lib="dom" />
import { button, byId, element, fill, preformatted } from "./dom.js";
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
  const reason = element("p.reason.muted", { id: "reason" });
  const buttons = OFFERED.map((offered) =>
    button(`${offered.title}…`, () => perform(name, offered))
  );
  /** @param {Record<string, string>} why by action */
  const disable = (why) => {
    for (const [at, { action }] of OFFERED.entries()) {
      const [each, text] = [buttons[at], why[action]];
      if (each === undefined || text === undefined) continue;
      each.disabled = true;
      each.title = text;
      each.setAttribute("aria-describedby", "reason");
    }
    const texts = [...new Set(Object.values(why))];
    if (texts.length > 0) fill(reason, `Not possible: ${texts.join("; ")}`);
  };
  if (isReadOnly) {
    disable(Object.fromEntries(OFFERED.map(({ action }) => [action, "started with --read-only"])));
  } else {
    load("forbidden", { name }).then(disable, ({ message }) => fill(reason, message));
  }
  return element("div.actions.tools", buttons, reason);
}

/**
 * Shows what an action will do, asks once, and shows what the API server answered.
 *
 * @param {string} name
 * @param {Offered} offered
 */
export async function perform(name, { action, title, toRevision }) {
  const dialog = byId("dialog", HTMLDialogElement);
  const close = button("Cancel", () => dialog.close());
  const content = element("div.content", { "aria-live": "polite" }, "Asking the API server…");
  const request = { action, name, ...(toRevision === undefined ? {} : { toRevision }) };
  const confirm = button(title, async () => {
    confirm.disabled = true;
    const result = await attempt({ ...request, dryRun: false });
    fill(content, preformatted(result.text));
    confirm.remove();
    fill(close, "Close");
    close.focus();
  });
  confirm.className = "primary";
  confirm.disabled = true;
  const heading = element("h2", { id: "dialog-title" }, `${title} ${name}`);
  fill(dialog, heading, content, element("div.tools", close, confirm));
  dialog.showModal();
  const preview = await attempt({ ...request, dryRun: true });
  fill(content, preformatted(preview.text));
  if (!preview.isDone) return fill(close, "Close");
  confirm.disabled = false;
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
