import html from "./page/index.html" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import dom from "./page/dom.js" with { type: "text" };
import live from "./page/live.js" with { type: "text" };
import overview from "./page/overview.js" with { type: "text" };
import pod from "./page/pod.js" with { type: "text" };
import podGrid from "./page/pod_grid.js" with { type: "text" };
import sidecarSet from "./page/sidecarset.js" with { type: "text" };
import actions from "./page/actions.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };

/** A file of the page. */
interface PageFile {
  readonly type: string;
  readonly text: string;
}

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

const FILES: Readonly<Record<string, PageFile>> = {
  "/": { type: HTML, text: html },
  "/icon.svg": { type: "image/svg+xml", text: icon },
  "/main.js": { type: SCRIPT, text: main },
  "/dom.js": { type: SCRIPT, text: dom },
  "/live.js": { type: SCRIPT, text: live },
  "/overview.js": { type: SCRIPT, text: overview },
  "/pod.js": { type: SCRIPT, text: pod },
  "/pod_grid.js": { type: SCRIPT, text: podGrid },
  "/sidecarset.js": { type: SCRIPT, text: sidecarSet },
  "/actions.js": { type: SCRIPT, text: actions },
  "/style.css": { type: "text/css; charset=utf-8", text: style },
};

/** The file of the page at a path; undefined if there is none. */
export function pageFile(path: string): PageFile | undefined {
  return Object.hasOwn(FILES, path) ? FILES[path] : undefined;
}
