import type { AdmissionRequest } from "../../lib/api/admission.ts";
import type { Logger } from "../../lib/api/logger.ts";
import { admissionReview } from "../../lib/api/admission.ts";
import { PATHS } from "../../lib/api/webhook_configuration.ts";
import { ALLOWED } from "../../lib/webhook/decisions.ts";
import { createHandler, type HandlerOptions } from "../../lib/webhook/handler.ts";

/** A review as a kube-apiserver 1.37.2 sent it, byte for byte. */
export function recordedReview(name: string): string {
  return Deno.readTextFileSync(new URL(`testdata/${name}.json`, import.meta.url));
}

/** The request in a recorded review. */
export function recordedRequest(name: string): AdmissionRequest {
  return admissionReview.parse(JSON.parse(recordedReview(name))).request;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (message: string, fields = {}) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A handler whose reviews allow everything, but for those that are given. */
export function handlerWith(
  options: Partial<Omit<HandlerOptions, "reviews">> & {
    reviews?: Partial<HandlerOptions["reviews"]>;
  } = {},
): (request: Request) => Promise<Response> {
  const allow = () => ALLOWED;
  return createHandler({
    logger: recordingLogger(),
    ...options,
    reviews: {
      mutatePod: allow,
      mutateSidecarSet: allow,
      validateSidecarSet: allow,
      validateJob: allow,
      ...options.reviews,
    },
  });
}

/** A POST of a body to a path of the webhook, as the API server sends it. */
export function post(
  body: BodyInit,
  { path = PATHS.mutatePod, ...init }: RequestInit & { path?: string } = {},
): Request {
  return new Request(`https://webhook.test${path}?timeout=3s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
    ...init,
  });
}
