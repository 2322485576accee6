/** Limits of a request's body. */
interface BodyLimit {
  /** A longer body is rejected without being buffered. */
  readonly maxBytes: number;
  /** Time for the whole body; Deno.serve has no timeout. */
  readonly deadlineMs: number;
  readonly budget: BodyBudget;
}

/** The value of a body, or the HTTP status and message of the response. */
type Body =
  | { readonly ok: true; readonly value: unknown; readonly share: BodyShare }
  | { readonly ok: false; readonly code: 400 | 408 | 413 | 429; readonly message: string };

/** Turns of the microtask queue that Deno needs at most for a body that has arrived completely, with a margin. */
const ARRIVED_TURNS = 8;

/** Much larger than a usual review. */
const SINGLE_STEP_BYTES = 256 * 1024;

const TOO_LONG = Symbol("too long");
const TOO_MANY = Symbol("too many");
const STALLED = Symbol("stalled");

interface ReadJsonOptions {
  readonly limit: BodyLimit;
  /** Parses the body as JSON; throws SyntaxError. */
  parse(text: string): unknown;
}

/**
 * Reads a request body as JSON, within the limits. An incomplete body or one that is not JSON gives 400, a late one
 * 408, a long one 413, and one without room in the budget 429. The caller releases the share when the value is no
 * longer used.
 */
export async function readJson(
  request: Request,
  { limit, parse }: ReadJsonOptions,
): Promise<Body> {
  const announced = announcedLength(request);
  if (announced !== undefined && announced > limit.maxBytes) return tooLong(limit);
  // The HTTP layer enforces Content-Length, so only a body without it is counted. But for a body in a single step Deno
  // allocates the announced length in advance: a client that announces much and sends nothing must not cost that
  // memory.
  const isSmall = announced !== undefined && announced <= SINGLE_STEP_BYTES;
  const share = limit.budget.share({ isLarge: !isSmall });
  if (isSmall && !share.grow(announced)) return tooMany();
  const counted = isSmall ? undefined : request.body?.getReader();
  const reading = counted
    ? countedText(counted, { maxBytes: limit.maxBytes, share })
    : request.text();
  let hasArrived = false;
  const noteArrival = () => {
    hasArrived = true;
  };
  reading.then(noteArrival, noteArrival);
  // A timer costs a seventh of a response, and most bodies arrive with their heads.
  for (let turn = 0; turn < ARRIVED_TURNS && !hasArrived; turn++) await undefined;
  try {
    const text = await (hasArrived ? reading : withDeadline(reading, limit));
    if (typeof text === "string") return { ok: true, value: parse(text), share };
    share.release();
    if (text === TOO_LONG) return tooLong(limit);
    if (text === TOO_MANY) return tooMany();
    await counted?.cancel();
    return stalled(limit);
  } catch (error) {
    share.release();
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

function stalled({ deadlineMs }: BodyLimit): Body {
  const message = `Cannot read the body: it did not arrive within ${deadlineMs} ms`;
  return { ok: false, code: 408, message };
}

async function withDeadline<T>(
  work: Promise<T>,
  { deadlineMs }: BodyLimit,
): Promise<T | typeof STALLED> {
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

/** The text of a stream, or `TOO_LONG` or `TOO_MANY` as soon as it exceeds the limit or the budget. */
async function countedText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { maxBytes, share }: { readonly maxBytes: number; readonly share: BodyShare },
): Promise<string | typeof TOO_LONG | typeof TOO_MANY> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    const isTooLong = bytes > maxBytes;
    if (isTooLong || !share.grow(value.byteLength)) {
      await reader.cancel();
      return isTooLong ? TOO_LONG : TOO_MANY;
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Limits of the request bodies that are read, parsed and under review at the same time, over all connections. */
interface BodyBudgetOptions {
  /** Bytes of all bodies. */
  readonly maxBytes: number;
  /** Bytes of large bodies, so that they leave room for usual ones. */
  readonly maxLargeBytes: number;
}

/** The share of one request. */
export interface BodyShare {
  /** Takes bytes from the budget. False, without taking any, if it does not have them. */
  grow(bytes: number): boolean;
  release(): void;
}

/**
 * Bounds the memory of request bodies. A parsed body of small values takes up to 21 times its size, and 30 times while
 * it is parsed.
 */
export class BodyBudget {
  readonly #options: BodyBudgetOptions;
  #bytes = 0;
  #largeBytes = 0;

  constructor(options: BodyBudgetOptions) {
    this.#options = options;
  }

  /** An empty share, to be released by the caller. */
  share({ isLarge }: { readonly isLarge: boolean }): BodyShare {
    let held = 0;
    const add = (bytes: number) => {
      held += bytes;
      this.#bytes += bytes;
      if (isLarge) this.#largeBytes += bytes;
    };
    return {
      grow: (bytes) => {
        const { maxBytes, maxLargeBytes } = this.#options;
        if (this.#bytes + bytes > maxBytes) return false;
        if (isLarge && this.#largeBytes + bytes > maxLargeBytes) return false;
        add(bytes);
        return true;
      },
      release: () => add(-held),
    };
  }
}
