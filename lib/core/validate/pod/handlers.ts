import type { Field } from "../field.ts";
import { checkOptionalOneOf, checkPort, checkPortNumber } from "../syntax.ts";

const SCHEMES = ["HTTP", "HTTPS"];
const HTTP_PROTOCOLS = ["HTTP1", "HTTP2"];
const GRPC_MODES = ["Plaintext", "TLS"];
const HEADER_NAME = /^[-A-Za-z0-9]+$/;
/** The grace period of a Pod that does not set one; which Pods get the sidecar is not known yet. */
const DEFAULT_GRACE_SECONDS = 30;

type HandlerType = "exec" | "httpGet" | "tcpSocket" | "grpc" | "sleep";
const CHECKS: Readonly<Record<HandlerType, (handler: Field) => void>> = {
  exec: checkExec,
  httpGet: checkHttpGet,
  tcpSocket: (tcpSocket) => checkPort(tcpSocket.member("port")),
  grpc: checkGrpc,
  sleep: checkSleep,
};
export const PROBE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "grpc"];
export const LIFECYCLE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "sleep"];

/**
 * Exactly one handler, which is valid.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateHandler`
 */
export function checkHandler(parent: Field, types: readonly HandlerType[]): void {
  const used = types.filter((type) => parent.member(type).isSet);
  const [first, ...others] = used;
  if (first === undefined) return parent.required(`must have one of ${types.join(", ")}`);
  CHECKS[first](parent.member(first));
  for (const type of others) {
    parent.member(type).forbidden(`must not be set beside ${first}: use one handler`);
  }
}

function checkExec(exec: Field): void {
  const command = exec.member("command");
  if (command.items().length === 0) command.required();
}

function checkHttpGet(httpGet: Field): void {
  const path = httpGet.member("path");
  if (path.text() === "") path.required();
  checkPort(httpGet.member("port"));
  const scheme = httpGet.member("scheme");
  if (!SCHEMES.includes(scheme.text())) scheme.notSupported(SCHEMES);
  for (const header of httpGet.member("httpHeaders").items()) {
    const name = header.member("name");
    if (!HEADER_NAME.test(name.text())) name.invalid("must be letters, digits and '-'");
  }
  const protocol = httpGet.member("protocol");
  checkOptionalOneOf(protocol, HTTP_PROTOCOLS);
  if (protocol.text() !== "HTTP2") return;
  if (scheme.text() !== "HTTP") protocol.invalid("must be HTTP1 unless the scheme is HTTP");
  else if (httpGet.member("host").text() !== "") {
    httpGet.member("host").invalid("must be empty because the protocol is HTTP2");
  }
}

function checkGrpc(grpc: Field): void {
  checkPortNumber(grpc.member("port"));
  checkOptionalOneOf(grpc.member("mode"), GRPC_MODES);
}

function checkSleep(sleep: Field): void {
  const seconds = sleep.member("seconds").integer();
  if (seconds < 0 || seconds > DEFAULT_GRACE_SECONDS) {
    sleep.invalid(
      `must be between 0 and the Pod's termination grace period of ${DEFAULT_GRACE_SECONDS} seconds`,
    );
  }
}
