import type { Field } from "../field.ts";
import {
  checkDnsLabel,
  checkOneOf,
  checkOptionalOneOf,
  checkPortName,
  checkPortNumber,
} from "../syntax.ts";
import { checkEnv, checkEnvFrom } from "./env.ts";
import { checkMountsAndDevices, type VolumeSources } from "./mounts.ts";
import { checkNoProbesOrLifecycle, checkProbesAndLifecycle } from "./probes.ts";
import { checkResources, COMPUTE_RESOURCES } from "./resources.ts";
import { checkSecurityContext } from "./security_context.ts";

/** Input for validating a Pod's containers. */
interface PodFacts {
  readonly volumes: VolumeSources;
  readonly allowPrivileged: boolean;
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainers` */
export function checkContainers(containers: readonly Field[], facts: PodFacts): void {
  for (const container of containers) {
    checkCommon(container, facts);
    checkProbesAndLifecycle(container);
  }
  checkHostPorts(containers);
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateInitContainers` */
export function checkInitContainers(containers: readonly Field[], facts: PodFacts): void {
  for (const container of containers) {
    checkCommon(container, facts);
    checkHostPorts([container]);
    if (container.member("restartPolicy").text() === "Always") {
      checkProbesAndLifecycle(container);
    } else {
      checkNoProbesOrLifecycle(container);
      checkNoRestartOnResize(container.member("resizePolicy"));
    }
  }
}

/**
 * Names are unique among a Pod's containers of either kind.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateInitContainers`
 */
export function checkContainerNames(
  containers: readonly Field[],
  initContainers: readonly Field[],
): void {
  const names = new Set<string>();
  for (const container of [...containers, ...initContainers]) {
    const name = container.member("name");
    if (name.text() !== "" && names.has(name.text())) {
      name.duplicate("must be unique among containers and initContainers");
    }
    names.add(name.text());
  }
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerCommon` */
function checkCommon(container: Field, { volumes, allowPrivileged }: PodFacts): void {
  checkDnsLabel(container.member("name"));
  const image = container.member("image");
  if (image.text() === "") image.required();
  else if (image.text().trim() !== image.text()) {
    image.invalid("must not start or end with white space");
  }
  checkOneOf(container.member("terminationMessagePolicy"), ["File", "FallbackToLogsOnError"]);
  checkOneOf(container.member("imagePullPolicy"), ["Always", "IfNotPresent", "Never"]);
  checkPorts(container.member("ports"));
  checkEnv(container.member("env"), volumes);
  checkEnvFrom(container.member("envFrom"));
  checkMountsAndDevices(container, volumes);
  checkResources(container.member("resources"));
  checkResizePolicy(container.member("resizePolicy"));
  checkRestartPolicy(container);
  checkSecurityContext(container.member("securityContext"), { allowPrivileged });
}

const PROTOCOLS = ["SCTP", "TCP", "UDP"];

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerPorts` */
function checkPorts(ports: Field): void {
  const names = new Set<string>();
  for (const port of ports.items()) {
    const name = port.member("name");
    if (name.text() !== "") {
      checkPortName(name);
      if (names.has(name.text())) name.duplicate("must be unique in the container");
      names.add(name.text());
    }
    const containerPort = port.member("containerPort");
    if (containerPort.integer() === 0) containerPort.required();
    else checkPortNumber(containerPort);
    const hostPort = port.member("hostPort");
    if (hostPort.integer() !== 0) checkPortNumber(hostPort);
    checkOneOf(port.member("protocol"), PROTOCOLS);
  }
}

/**
 * Host ports must differ among containers that run together.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:AccumulateUniqueHostPorts`
 */
function checkHostPorts(containers: readonly Field[]): void {
  const taken = new Set<string>();
  for (const container of containers) {
    for (const port of container.member("ports").items()) {
      const hostPort = port.member("hostPort");
      if (hostPort.integer() === 0) continue;
      const address = [port.member("protocol"), port.member("hostIP")].map((part) => part.text());
      const key = `${address.join("/")}/${hostPort.integer()}`;
      if (taken.has(key)) {
        hostPort.duplicate("must be used once for each protocol and host IP");
      }
      taken.add(key);
    }
  }
}

const POLICIES = ["Always", "Never", "OnFailure"];
const ACTIONS = ["Restart", "RestartAllContainers"];
const OPERATORS = ["In", "NotIn"];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/**
 * The container-level restart policy (all kinds of containers since Kubernetes 1.34), and its rules by exit code.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateContainerRestartPolicy`
 */
function checkRestartPolicy(container: Field): void {
  const policy = container.member("restartPolicy");
  const rules = container.member("restartPolicyRules");
  const ruleFields = rules.items();
  checkOptionalOneOf(policy, POLICIES);
  if (ruleFields.length > 0 && !policy.isSet) {
    policy.required("must be set because restartPolicyRules are");
  }
  if (ruleFields.length > MAX_RULES) {
    rules.tooLong(`must have at most ${MAX_RULES} rules: they have ${ruleFields.length}`);
  }
  for (const rule of ruleFields) checkRule(rule);
}

function checkRule(rule: Field): void {
  checkOneOf(rule.member("action"), ACTIONS);
  const exitCodes = rule.member("exitCodes");
  if (!exitCodes.isSet) return exitCodes.required();
  checkOneOf(exitCodes.member("operator"), OPERATORS);
  const values = exitCodes.member("values");
  const count = values.items().length;
  if (count > MAX_EXIT_CODES) {
    values.tooLong(`must have at most ${MAX_EXIT_CODES} exit codes: they have ${count}`);
  }
  for (const value of values.items()) value.integer();
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateResizePolicy` */
function checkResizePolicy(policies: Field): void {
  const seen = new Set<string>();
  for (const policy of policies.items()) {
    const resource = policy.member("resourceName");
    if (seen.has(resource.text())) resource.duplicate();
    seen.add(resource.text());
    checkOneOf(resource, COMPUTE_RESOURCES);
    checkOneOf(policy.member("restartPolicy"), ["NotRequired", "RestartContainer"]);
  }
}

/**
 * A plain init container cannot be restarted by a resize.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateInitContainers`
 */
function checkNoRestartOnResize(policies: Field): void {
  for (const policy of policies.items()) {
    const restartPolicy = policy.member("restartPolicy");
    if (restartPolicy.text() === "RestartContainer") {
      restartPolicy.invalid("must be NotRequired unless the init container restarts Always");
    }
  }
}
