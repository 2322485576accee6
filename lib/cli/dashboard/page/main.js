// @ts-check
/// <reference lib="dom" />
import { byId, element, fill } from "./dom.js";
import { load, receive } from "./live.js";
import { createOverview } from "./overview.js";
import { showPod } from "./pod.js";
import { createSidecarSet } from "./sidecarset.js";

const main = byId("main", HTMLElement);
const banner = byId("banner", HTMLParagraphElement);
/** @type {{ cluster: string, isReadOnly: boolean }} */
const session = await load("session");
fill(byId("cluster", HTMLSpanElement), session.cluster);
let close = () => {};
let isConnected = true;
/** @type {string[]} */
let problems = [];

function showBanner() {
  banner.hidden = isConnected && problems.length === 0;
  fill(
    banner,
    isConnected
      ? `The cluster is not read completely. ${problems.join(" ")}`
      : "The connection to the dashboard's process is lost; trying again.",
  );
}

/** @param {string | undefined} name @param {Partial<Parameters<typeof receive>[1]>} receiver */
function listen(name, receiver) {
  close = receive(name, {
    rows() {},
    cells() {},
    cluster(found) {
      problems = found;
      showBanner();
    },
    connected(is) {
      isConnected = is;
      showBanner();
    },
    ...receiver,
  });
}

const overview = createOverview();

/** Shows what the address names. */
async function show() {
  close();
  close = () => {};
  const [kind = "", ...names] = location.hash.slice(2).split("/").map(decodeURIComponent);
  const [first = "", second = ""] = names;
  document.title = [second || first, "SidecarSets"].filter(Boolean).join(" · ");
  if (kind === "sidecarsets") {
    const shown = createSidecarSet(first, session);
    fill(main, shown.node);
    listen(first, shown);
  } else if (kind === "pods") {
    listen(undefined, {});
    const target = element("section", {});
    fill(main, target);
    await showPod(first, second, target).catch(({ message }) =>
      fill(target, element("p", {}, message))
    );
  } else {
    fill(main, overview.node);
    listen(undefined, overview);
  }
}

globalThis.addEventListener("hashchange", async () => {
  await show();
  main.focus({ preventScroll: true });
  globalThis.scrollTo(0, 0);
});
byId("find", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const [namespace = "", name] = byId("pod", HTMLInputElement).value.trim().split("/");
  const path = name === undefined ? ["default", namespace] : [namespace, name];
  location.hash = `#/pods/${path.map(encodeURIComponent).join("/")}`;
});
await show();
