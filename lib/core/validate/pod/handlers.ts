import type { Field } from "../field.ts";
import { checkNotNegative, checkPort, checkPortNumber } from "../syntax.ts";

const SCHEMES = ["HTTP", "HTTPS"];
const HEADER_NAME = /^[-A-Za-z0-9]+$/;

type HandlerType = "exec" | "httpGet" | "tcpSocket" | "grpc" | "sleep";
const CHECKS: Readonly<Record<HandlerType, (handler: Field) => void>> = {
  exec: checkExec,
  httpGet: checkHttpGet,
  tcpSocket: (tcpSocket) => checkPort(tcpSocket.member("port")),
  grpc: (grpc) => checkPortNumber(grpc.member("port")),
  sleep: checkSleep,
};
export const PROBE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "grpc"];
export const LIFECYCLE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "sleep"];

/**
 * Exactly one valid handler. `httpGet.protocol` and `grpc.mode` are not validated: the API server drops them unless
 * a feature gate is enabled.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateHandler`
 */
export function checkHandler(parent: Field, types: readonly HandlerType[]): void {
  const used = types.filter((type) => parent.member(type).isSet);
  const [first, ...others] = used;
  if (first === undefined) return parent.required(`must have one of ${types.join(", ")}`);
  CHECKS[first](parent.member(first));
  for (const type of others) {
    parent.member(type).forbidden(`must not be set together with ${first}: use one handler`);
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
}

/** The upper limit is the Pod's grace period, checked at injection. */
function checkSleep(sleep: Field): void {
  checkNotNegative(sleep.member("seconds"));
}
