import type { AdmissionDecision, AdmissionRequest } from "../api/admission.ts";
import type { Logger } from "../api/logger.ts";
import { GROUP, KIND } from "../api/names.ts";
import { PATHS } from "../api/webhook_configuration.ts";
import { BodyBudget, type BodyShare, readJson } from "./json_body.ts";
import { failed, type Review } from "./decisions.ts";
import { parsePodReview } from "./pod_review_json.ts";
import { createRespond, readReview } from "./review.ts";

/** The reviews, and the limits of requests in bytes and milliseconds. */
export interface HandlerOptions {
  /** One review function per path of `PATHS`. */
  readonly reviews: { readonly [name in keyof typeof PATHS]: Review };
  readonly logger: Logger;
  /** Called once per request, for metrics. */
  readonly observe?: (observation: Observation) => void;
  /** Maximum size of a body, as in controller-runtime. @default 7 MiB */
  readonly maxBodyBytes?: number;
  /** Maximum size of all bodies under review, over all connections; beyond it a body gives 429. @default 8 MiB */
  readonly maxBytesUnderReview?: number;
  /** Time for a body to arrive. @default 2000 */
  readonly bodyDeadlineMs?: number;
  /** Time for a review after its body is read; less than the registration's timeout of 3 s. @default 2500 */
  readonly reviewDeadlineMs?: number;
}

/** An answered review, for metrics. */
export interface Observation {
  /** One of `PATHS`, or "other", so that unknown paths add no series. */
  readonly path: string;
  /** HTTP status of the response. */
  readonly code: number;
  readonly seconds: number;
}

const MEBIBYTE = 1024 * 1024;
/** Reserved for small bodies. */
const RESERVED_BYTES = MEBIBYTE;
/** client-go retries a 429 with this header, within the timeout of the call. */
const RETRY_AFTER = { "retry-after": "1" };

const JSON_TYPE = "application/json";
const POD_DETAILS = `${PATHS.mutatePod}/`;

interface Route {
  /** One of `PATHS`. */
  readonly path: string;
  readonly group: string;
  readonly kinds: readonly string[];
  readonly review: Review;
  /** Parses a body; throws SyntaxError. */
  parse(text: string): unknown;
}

/**
 * The webhook as a function from request to response. It never rejects: a request that is not a review gets the HTTP
 * status of its fault; a review function that throws gives 500 with the review's uid, so that the registration's
 * `failurePolicy` decides.
 */
export function createHandler(options: HandlerOptions): (request: Request) => Promise<Response> {
  const routes = routesOf(options.reviews);
  const respond = createRespond();
  const maxBytesUnderReview = options.maxBytesUnderReview ?? 8 * MEBIBYTE;
  const limit = {
    maxBytes: options.maxBodyBytes ?? 7 * MEBIBYTE,
    deadlineMs: options.bodyDeadlineMs ?? 2000,
    budget: new BodyBudget({
      maxBytes: maxBytesUnderReview,
      maxLargeBytes: maxBytesUnderReview - RESERVED_BYTES,
    }),
  };

  /** A Pod path can continue with details, which the review function reads. */
  function findRoute(path: string): { route: Route; detail: string } | undefined {
    const base = path.startsWith(POD_DETAILS) ? PATHS.mutatePod : path;
    const route = routes.get(base);
    return route && { route, detail: path.slice(base.length) };
  }

  async function answer(
    request: Request,
    { route, detail }: { route: Route; detail: string },
  ): Promise<Response> {
    const problemResponse = checkHeaders(request);
    if (problemResponse !== undefined) return problemResponse;
    const body = await readJson(request, { limit, parse: route.parse });
    if (!body.ok) {
      const headers = body.code === 429 ? RETRY_AFTER : {};
      return problem(body.code, body.message, headers);
    }
    const reading = readReview(body.value);
    if (!reading.ok) {
      body.share.release();
      const { uid, message } = reading;
      return uid === undefined ? problem(400, message) : respond(uid, failed(400, message));
    }
    const response = decide(route, { request: reading.request, detail, share: body.share });
    return response instanceof Promise ? await response : response;
  }

  /** Synchronous if the decision is. The share is released with the decision, which can be later than its deadline. */
  function decide(
    route: Route,
    { request: review, detail, share }: {
      readonly request: AdmissionRequest;
      readonly detail: string;
      readonly share: BodyShare;
    },
  ): Response | Promise<Response> {
    const { group, kind } = review.kind;
    if (group !== route.group || !route.kinds.includes(kind)) {
      share.release();
      const message = `Cannot review a ${kind} of ${JSON.stringify(group)}: ` +
        `this path is for ${route.kinds.join(" and ")} of ${JSON.stringify(route.group)}`;
      return respond(review.uid, failed(400, message));
    }
    try {
      const decision = route.review(review, detail);
      if (decision instanceof Promise) {
        decision.then(share.release, share.release);
        return withDeadline(decision).then(
          (settled) => respond(review.uid, settled),
          (error) => respondBroken(review, error),
        );
      }
      share.release();
      return respond(review.uid, decision);
    } catch (error) {
      share.release();
      return respondBroken(review, error);
    }
  }

  function respondBroken(review: AdmissionRequest, error: unknown): Response {
    options.logger.error("A review failed", {
      uid: review.uid,
      kind: review.kind.kind,
      namespace: review.namespace,
      name: review.name,
      error: error instanceof Error ? error.stack ?? error.message : String(error),
    });
    return respond(review.uid, failed(500, "The webhook failed: its log says why"));
  }

  async function withDeadline(decision: Promise<AdmissionDecision>): Promise<AdmissionDecision> {
    const deadlineMs = options.reviewDeadlineMs ?? 2500;
    const { promise: late, resolve } = Promise.withResolvers<AdmissionDecision>();
    const timer = setTimeout(
      () => resolve(failed(504, `Cannot decide within ${deadlineMs} ms`)),
      deadlineMs,
    );
    try {
      return await Promise.race([decision, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  return async function handleAdmission(request) {
    const started = performance.now();
    const path = pathOf(request.url);
    const found = findRoute(path);
    const response = found === undefined ? notFound(path) : await answer(request, found);
    options.observe?.({
      path: found?.route.path ?? "other",
      code: response.status,
      seconds: (performance.now() - started) / 1000,
    });
    return response;
  };
}

/** The path of a URL, unchanged. */
function pathOf(url: string): string {
  const start = url.indexOf("/", "https://".length);
  if (start < 0) return "/";
  const end = url.indexOf("?", start);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}

function routesOf(reviews: HandlerOptions["reviews"]): ReadonlyMap<string, Route> {
  const pod = { group: "", kinds: ["Pod"], parse: parsePodReview };
  const parse = JSON.parse;
  const sidecarSet = { group: GROUP, kinds: [KIND], parse };
  const job = { group: "batch", kinds: ["Job", "CronJob"], parse };
  const { mutatePod, mutateSidecarSet, validateSidecarSet, validateJob } = PATHS;
  const routes: readonly Route[] = [
    { path: mutatePod, ...pod, review: reviews.mutatePod },
    { path: mutateSidecarSet, ...sidecarSet, review: reviews.mutateSidecarSet },
    { path: validateSidecarSet, ...sidecarSet, review: reviews.validateSidecarSet },
    { path: validateJob, ...job, review: reviews.validateJob },
  ];
  return new Map(routes.map((route) => [route.path, route]));
}

function notFound(path: string): Response {
  return problem(404, `Cannot serve ${path}: the paths are ${Object.values(PATHS).join(", ")}`);
}

/** The media type without parameters, which JSON does not use. */
function mediaTypeOf(contentType: string | null): string | undefined {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase();
}

/** The response to a request whose method or headers are wrong; undefined if they are correct. */
function checkHeaders(request: Request): Response | undefined {
  if (request.method !== "POST") {
    return problem(405, `Cannot ${request.method} a review: the method is POST`, { allow: "POST" });
  }
  const contentType = request.headers.get("content-type");
  if (contentType === JSON_TYPE || mediaTypeOf(contentType) === JSON_TYPE) return undefined;
  return problem(415, `Cannot read ${contentType ?? "an unnamed content type"}: send JSON`);
}

function problem(code: number, message: string, headers: Record<string, string> = {}): Response {
  return new Response(`${message}\n`, {
    status: code,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  });
}
