import type { Field } from "../field.ts";
import { checkNotNegative, checkPort, checkPortNumber } from "../syntax.ts";

const NUMBERS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
];
/** Fields that only long-running containers may have. */
export const PROBES_AND_LIFECYCLE = [
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
] as const;

/**
 * Probes and lifecycle hooks of a long-running container.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateLivenessProbe`
 */
export function checkProbesAndLifecycle(container: Field): void {
  const [lifecycle, liveness, readiness, startup] = PROBES_AND_LIFECYCLE
    .map((name) => container.member(name));
  if (lifecycle?.isSet) {
    for (const hook of [lifecycle.member("postStart"), lifecycle.member("preStop")]) {
      if (hook.isSet) checkHandler(hook, LIFECYCLE_HANDLERS);
    }
  }
  for (const probe of [liveness, startup]) {
    if (!probe?.isSet) continue;
    checkProbe(probe);
    const successThreshold = probe.member("successThreshold");
    if (successThreshold.integer() !== 1) successThreshold.invalid("must be 1");
  }
  if (readiness?.isSet) {
    checkProbe(readiness);
    const grace = readiness.member("terminationGracePeriodSeconds");
    if (grace.isSet) grace.invalid("must not be set for a readiness probe");
  }
}

function checkProbe(probe: Field): void {
  checkHandler(probe, PROBE_HANDLERS);
  for (const name of NUMBERS) checkNotNegative(probe.member(name));
  const grace = probe.member("terminationGracePeriodSeconds");
  if (grace.isSet && grace.integer() <= 0) grace.invalid("must be greater than 0");
}

/** Plain init containers have neither probes nor lifecycle hooks. */
export function checkNoProbesOrLifecycle(container: Field): void {
  for (const name of PROBES_AND_LIFECYCLE) {
    const field = container.member(name);
    if (field.isSet) {
      field.forbidden("must not be set for an init container unless its restartPolicy is Always");
    }
  }
}

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
const PROBE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "grpc"];
const LIFECYCLE_HANDLERS: readonly HandlerType[] = ["exec", "httpGet", "tcpSocket", "sleep"];

/**
 * Exactly one valid handler. `httpGet.protocol` and `grpc.mode` are not validated: the API server drops them unless
 * a feature gate is enabled.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateHandler`
 */
function checkHandler(parent: Field, types: readonly HandlerType[]): void {
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
