import { AnswerTooLong, type RequestName } from "./errors.ts";

export interface AnswerTextOptions extends RequestName {
  /** @default no limit */
  readonly maxBytes?: number | undefined;
}

/**
 * The text of an answer.
 *
 * @throws {AnswerTooLong} as soon as it is longer than the limit; the rest is not read
 */
export async function answerText(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { maxBytes, ...request }: AnswerTextOptions,
): Promise<string> {
  if (maxBytes === undefined) return await new Response(body).text();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > maxBytes) throw new AnswerTooLong({ ...request, maxBytes });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
