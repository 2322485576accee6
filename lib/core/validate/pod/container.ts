import type { Field } from "../field.ts";
import { checkDnsLabel, checkOneOf } from "../syntax.ts";
import { checkEnv, checkEnvFrom } from "./env.ts";
import { checkMountsAndDevices, type VolumeSources } from "./mounts.ts";
import { checkHostPorts, checkPorts } from "./ports.ts";
import { checkNoProbesOrLifecycle, checkProbesAndLifecycle } from "./probes.ts";
import { checkResources } from "./resources.ts";
import { checkNoRestartOnResize, checkResizePolicy, checkRestartPolicy } from "./restart_policy.ts";
import { checkSecurityContext } from "./security_context.ts";

/** Input for validating a Pod's containers. */
export interface PodFacts {
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
