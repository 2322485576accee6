export interface BodyLimit {
  /** More than this is refused without being buffered. */
  readonly maxBytes: number;
  /** The whole body must be there by then: Deno.serve has no timeout of its own. */
  readonly deadlineMs: number;
}

/** A request body as text, or the HTTP status and text to answer instead. */
export type Body =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly code: 400 | 408 | 413; readonly message: string };

/**
 * Reads a request body once, never more of it than the limit and never longer than the deadline. A body that breaks off is answered
 * 400, one that stalls 408 and one that is too long 413.
 */
export async function readBody(request: Request, limit: BodyLimit): Promise<Body> {
  const tooLong: Body = {
    ok: false,
    code: 413,
    message: `Cannot take a body of more than ${limit.maxBytes} bytes`,
  };
  const announced = announcedLength(request);
  if (announced !== undefined && announced > limit.maxBytes) return tooLong;

  // The HTTP layer holds a body to its announced length, so only an unannounced one has to be counted.
  const counted = announced === undefined ? request.body?.getReader() : undefined;
  const { promise: late, resolve } = Promise.withResolvers<Body>();
  const timer = setTimeout(() => {
    resolve({
      ok: false,
      code: 408,
      message: `Cannot read the body: it did not arrive within ${limit.deadlineMs} ms`,
    });
    counted?.cancel().catch(() => {});
  }, limit.deadlineMs);
  try {
    const text = counted ? countedText(counted, limit.maxBytes) : request.text();
    return await Promise.race([
      late,
      text.then((text): Body => text === undefined ? tooLong : { ok: true, text }),
    ]);
  } catch (error) {
    return { ok: false, code: 400, message: `Cannot read the body: ${describe(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

function announcedLength(request: Request): number | undefined {
  const header = request.headers.get("content-length");
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

/** The text of a stream, or undefined as soon as it is longer than the limit. */
async function countedText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBytes: number,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
