// @ts-check
/// <reference lib="dom" />
import { byId, fill, hrefOf } from "./dom.js";
import { load, receive } from "./live.js";
import { createOverview } from "./overview.js";
import { createPod } from "./pod.js";
import { createSidecarSet } from "./sidecarset.js";

const main = byId("main", HTMLElement);
const banner = byId("banner", HTMLParagraphElement);
/** @type {{ cluster: string, isReadOnly: boolean }} */
const session = await load("session").catch(({ message }) => {
  fill(main, message);
  throw new Error(message);
});
const cluster = byId("cluster", HTMLSpanElement);
fill(cluster, session.cluster);
cluster.title = session.cluster;
let close = () => {};
let isConnected = true;
/** @type {string[]} */
let problems = [];

function showBanner() {
  banner.hidden = isConnected && problems.length === 0;
  const text = isConnected
    ? `The cluster is not read completely. ${problems.join(" ")}`
    : "The connection to the dashboard's process is lost; trying again. " +
      "If the process was started again, open the address that it printed.";
  if (banner.textContent !== text) fill(banner, text);
}

/** @param {Partial<import("./live.js").Receiver>} receiver @param {Record<string, string>} [query] */
function listen(receiver, query = {}) {
  close = receive(query, {
    rows() {},
    cells() {},
    pod() {},
    cluster(data) {
      problems = data.problems;
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

/** The parts of the address; none for an address that cannot be decoded. */
function place() {
  try {
    return location.hash.slice(2).split("/").map(decodeURIComponent);
  } catch {
    return [];
  }
}

/** Shows what the address names. */
function show() {
  close();
  const [kind, first = "", second = ""] = place();
  document.title = [second || first, "SidecarSets"].filter(Boolean).join(" · ");
  if (kind === "sidecarsets") {
    const shown = createSidecarSet(first, session);
    fill(main, shown.node);
    listen(shown, { name: first });
  } else if (kind === "pods") {
    const shown = createPod(first, second);
    fill(main, shown.node);
    listen(shown, { pod: `${first}/${second}` });
  } else {
    fill(main, overview.node);
    listen(overview);
  }
}

globalThis.addEventListener("hashchange", () => {
  show();
  main.focus({ preventScroll: true });
  globalThis.scrollTo(0, 0);
});
byId("find", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const [first = "", second] = byId("pod", HTMLInputElement).value.trim().split("/");
  location.hash = second === undefined
    ? hrefOf("pods", "default", first)
    : hrefOf("pods", first, second);
});
show();
