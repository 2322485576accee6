import type { BodyBudget, BodyShare } from "./body_budget.ts";

export interface BodyLimit {
  /** More than this is refused without being buffered. */
  readonly maxBytes: number;
  /** The whole body must be there by then: Deno.serve has no timeout of its own. */
  readonly deadlineMs: number;
  readonly budget: BodyBudget;
}

/** What a request body says, or the HTTP status and text to answer instead. */
export type Body =
  | { readonly ok: true; readonly value: unknown; readonly share: BodyShare }
  | { readonly ok: false; readonly code: 400 | 408 | 413 | 429; readonly message: string };

/**
 * How many turns of the microtask queue Deno takes at most to hand over a body that has arrived as a whole, and some to
 * spare.
 */
const ARRIVED_TURNS = 8;

/** Far above the usual review. */
const SINGLE_STEP_BYTES = 256 * 1024;

const TOO_LONG = Symbol("too long");
const TOO_MANY = Symbol("too many");
const STALLED = Symbol("stalled");

/**
 * Reads a request body as JSON, never more of it than the limit and never longer than the deadline. A body that breaks
 * off or is no JSON is answered 400, one that stalls 408, one that is too long 413 and one for which the budget has no
 * room 429. The value's share of the budget is the caller's, who releases it when the value is no longer used.
 */
export async function readJson(request: Request, limit: BodyLimit): Promise<Body> {
  const announced = announcedLength(request);
  if (announced !== undefined && announced > limit.maxBytes) return tooLong(limit);
  // The HTTP layer holds a body to its announced length, so only an unannounced one has to be counted. But for one in a
  // single step Deno makes room before anything has come: whoever announces much and sends nothing must not cost that.
  const isSmall = announced !== undefined && announced <= SINGLE_STEP_BYTES;
  const share = limit.budget.share({ isLarge: !isSmall });
  if (isSmall && !share.grow(announced)) return tooMany();
  const body = await readCounted(request, { limit, share, isSmall });
  if (!body.ok) share.release();
  return body;
}

interface Counting {
  readonly limit: BodyLimit;
  readonly share: BodyShare;
  readonly isSmall: boolean;
}

async function readCounted(request: Request, { limit, share, isSmall }: Counting): Promise<Body> {
  const counted = isSmall ? undefined : request.body?.getReader();
  // Deno hands over the text of a body that has arrived in one step to json(), and only to json().
  const json: Promise<unknown> = counted
    ? countedJson(counted, { maxBytes: limit.maxBytes, share })
    : request.json();
  let hasArrived = false;
  const noteArrival = () => {
    hasArrived = true;
  };
  json.then(noteArrival, noteArrival);
  // A timer costs a seventh of an answer, and most bodies are there with their heads.
  for (let turn = 0; turn < ARRIVED_TURNS && !hasArrived; turn++) await undefined;
  try {
    const value = await (hasArrived ? json : inTime(json, limit));
    if (value === TOO_LONG) return tooLong(limit);
    if (value === TOO_MANY) return tooMany();
    if (value !== STALLED) return { ok: true, value, share };
    await counted?.cancel();
    return {
      ok: false,
      code: 408,
      message: `Cannot read the body: it did not arrive within ${limit.deadlineMs} ms`,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = error instanceof SyntaxError ? "the body as JSON" : "the body";
    return { ok: false, code: 400, message: `Cannot read ${what}: ${why}` };
  }
}

function tooMany(): Body {
  const message = "Cannot take the body now: too many bytes are under review; try again";
  return { ok: false, code: 429, message };
}

function tooLong({ maxBytes }: BodyLimit): Body {
  return { ok: false, code: 413, message: `Cannot take a body of more than ${maxBytes} bytes` };
}

async function inTime(work: Promise<unknown>, { deadlineMs }: BodyLimit): Promise<unknown> {
  const { promise: late, resolve } = Promise.withResolvers<typeof STALLED>();
  const timer = setTimeout(() => resolve(STALLED), deadlineMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function announcedLength(request: Request): number | undefined {
  const header = request.headers.get("content-length");
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

/**
 * The value of a stream's text, or `TOO_LONG` or `TOO_MANY` as soon as it is longer than the limit or the budget has no
 * room for it.
 */
async function countedJson(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { maxBytes, share }: { readonly maxBytes: number; readonly share: BodyShare },
): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return JSON.parse(text + decoder.decode());
    bytes += value.byteLength;
    const isTooLong = bytes > maxBytes;
    if (isTooLong || !share.grow(value.byteLength)) {
      await reader.cancel();
      return isTooLong ? TOO_LONG : TOO_MANY;
    }
    text += decoder.decode(value, { stream: true });
  }
}
