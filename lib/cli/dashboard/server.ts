import { isObject } from "../../api/json.ts";
import type { Clock } from "../../api/clock.ts";
import type { Guard } from "./guard.ts";
import { liveUpdates } from "./live_updates.ts";
import type { LiveView } from "../../runtime/live_view.ts";
import {
  act,
  type Action,
  ACTIONS,
  type Context,
  editableYaml,
  eventsOf,
  explainPod,
  forbiddenActions,
  history,
  previewEdit,
} from "./operations.ts";
import { failureText } from "../terminal/failure_text.ts";
import { pageFile } from "./page.ts";

interface ServerOptions {
  readonly guard: Guard;
  readonly view: LiveView;
  readonly context: Context;
  readonly clock: Clock;
  /** Name of the cluster for the page's title. */
  readonly clusterName: string;
  readonly isReadOnly: boolean;
  /** Ends open streams. */
  readonly signal: AbortSignal;
}

/** Nothing from elsewhere, no inline code, no markup from text, no frame around the page. */
const HEADERS = {
  "content-security-policy": [
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Longest edited SidecarSet; the API server takes less. */
const MAX_BODY_BYTES = 4 * 1_024 * 1_024;

/** A request that cannot be answered, with the reason for the user. */
class BadRequest extends Error {}

/** Creates the handler of the page, its data and its actions. It answers every request, and never rejects. */
export function createHandler(options: ServerOptions): (request: Request) => Promise<Response> {
  const { guard, context } = options;
  const routes = new Map(Object.entries(routesOf(options)));
  const answer: (request: Request) => Promise<Response> = async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { method } = request;
    const file = pageFile(pathname);
    if (file && (method === "GET" || method === "HEAD")) {
      return new Response(file.text, { headers: { "content-type": file.type } });
    }
    const route = routes.get(`${method} ${pathname}`);
    if (route) return await route(request, searchParams);
    const exists = file !== undefined ||
      ["GET", "POST"].some((each) => routes.has(`${each} ${pathname}`));
    return exists
      ? text(405, `Cannot answer the method ${method}`)
      : text(404, `Cannot find ${pathname}`);
  };
  return async (request) => {
    const response = guard.check(request) ?? await answer(request).catch((error) => {
      if (error instanceof BadRequest) return text(400, error.message);
      const { program } = context.terminal;
      return text(502, failureText(error, { verbose: false, program }));
    });
    for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
    return response;
  };
}

type Route = (request: Request, query: URLSearchParams) => Promise<Response> | Response;

/** The data and actions of the page, by method and path. */
function routesOf(
  { context, view, clock, signal, clusterName, isReadOnly }: ServerOptions,
): Readonly<Record<string, Route>> {
  const nameOf = (query: URLSearchParams) => query.get("name") ?? "";
  return {
    "GET /api/session": () => Response.json({ cluster: clusterName, isReadOnly }),
    "GET /api/live": (_, query) => {
      const [name, pod] = [query.get("name"), query.get("pod")];
      const shown = { ...(name && { sidecarSet: name }), ...(pod && { pod }) };
      const body = liveUpdates({ view, clock, signal, ...shown });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    },
    "GET /api/history": async (_, query) => {
      const revision = Number(query.get("revision") ?? NaN);
      const name = nameOf(query);
      const of = Number.isInteger(revision) ? { name, revision } : { name };
      return Response.json(await history(of, context));
    },
    "GET /api/events": async (_, query) => {
      const { uid } = view.index.sidecarSets.get(nameOf(query))?.sidecarSet.metadata ?? {};
      const events = uid === undefined ? [] : await eventsOf(uid, context);
      return Response.json({ events: events ?? null });
    },
    "GET /api/forbidden": async (_, query) =>
      Response.json(await forbiddenActions(nameOf(query), context)),
    "GET /api/yaml": async (_, query) =>
      Response.json({ yaml: await editableYaml(nameOf(query), context) }),
    "GET /api/pod": async (_, query) => {
      const namespace = query.get("namespace") ?? "default";
      return Response.json(await explainPod({ namespace, name: nameOf(query) }, context));
    },
    "POST /api/diff": async (request) => {
      const { yaml } = await bodyOf(request);
      if (typeof yaml !== "string") throw new BadRequest("Cannot compare: yaml must be text");
      return Response.json(await previewEdit(yaml, context));
    },
    "POST /api/actions": async (request) => {
      const action = actionOf(await bodyOf(request));
      if (isReadOnly) return text(403, "Cannot change anything: started with --read-only");
      return Response.json(await act(action, context));
    },
  };
}

function text(status: number, message: string): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

async function bodyOf(request: Request): Promise<Record<string, unknown>> {
  // A body without a declared length can be endless.
  const length = request.headers.get("content-length") ?? "";
  if (!/^\d+$/.test(length) || Number(length) > MAX_BODY_BYTES) {
    throw new BadRequest("Cannot read the request: it is too large");
  }
  const bytes = await request.bytes();
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (isObject(body)) return body;
  } catch {
    // The same answer as for JSON that is not an object.
  }
  throw new BadRequest("Cannot read the request: it must be a JSON object");
}

function actionOf({ action, name, toRevision, dryRun }: Record<string, unknown>): Action {
  const known = ACTIONS.find((each) => each === action);
  if (known === undefined) {
    throw new BadRequest(`Cannot act: action must be one of ${ACTIONS.join(", ")}`);
  }
  if (typeof name !== "string" || name === "") throw new BadRequest("Cannot act: name is missing");
  if (typeof dryRun !== "boolean") throw new BadRequest("Cannot act: dryRun must be true or false");
  if (toRevision === undefined) return { action: known, name, dryRun };
  if (!Number.isInteger(toRevision)) {
    throw new BadRequest("Cannot act: toRevision must be a number");
  }
  return { action: known, name, dryRun, toRevision: Number(toRevision) };
}
