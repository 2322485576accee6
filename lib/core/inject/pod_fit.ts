import type { Container } from "../../api/container.ts";
import { isObject } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import type { Obstacle, Reason } from "../reasons.ts";
import { items, member } from "./fields.ts";
import { hostPortsOf } from "./occupied.ts";
import type { SidecarPlan } from "./sidecar_plan.ts";
import type { SidecarSetPlan } from "./sidecarset_plan.ts";

/** Finds what the API server refuses in a sidecar of this Pod: the field within the container, and why. */
type Rule = (container: Container, place: { pod: Pod; sidecar: SidecarPlan }) => Misfit | undefined;

interface Misfit {
  readonly reason: Reason;
  readonly field: string;
  readonly message: string;
}

/** What depends on the Pod around a container, so that validating the SidecarSet cannot find it. */
const RULES = {
  portsOfHostNetwork,
  doubledPortsOfHostNetwork,
  fieldsOfOtherSystem,
  hostProcess,
  restartOnResize,
  sleepBeyondGrace,
  procOfHostUsers,
  deviceWithoutHostUsers,
  deviceWithoutClaim,
  fileOutsideEmptyDir,
  claimOfOtherPods,
} satisfies Readonly<Record<string, Rule>>;
export type PodFitRule = keyof typeof RULES;

const ALL_RULES: readonly Rule[] = Object.values(RULES);

/** Whether one rule keeps the SidecarSet out of the Pod. */
export function isMisfit(plan: SidecarSetPlan, { rule, pod }: { rule: PodFitRule; pod: Pod }) {
  return plan.sidecars.some((sidecar) => {
    const container = sidecar.containers[0]?.container;
    return container !== undefined && RULES[rule](container, { pod, sidecar }) !== undefined;
  });
}

/**
 * The first sidecar field that the API server refuses in such a Pod (`pkg/apis/core/validation:ValidatePodSpec`).
 */
export function podFitObstacle(plan: SidecarSetPlan, pod: Pod): Obstacle | undefined {
  for (const sidecar of plan.sidecars) {
    const container = sidecar.containers[0]?.container;
    if (container === undefined) continue;
    for (const rule of ALL_RULES) {
      const misfit = rule(container, { pod, sidecar });
      if (misfit === undefined) continue;
      const { reason, field, message } = misfit;
      const path = `spec.${sidecar.list}[${sidecar.sidecar.name}].${field}`;
      return { reason, message: `${path} ${message}`, subject: path };
    }
  }
  for (const { field, patch: { env = [] } } of plan.patches) {
    const misfit = fileOutsideEmptyDir({ name: "", env }, { pod });
    if (misfit === undefined) continue;
    const path = `${field}.${misfit.field}`;
    return { reason: misfit.reason, message: `${path} ${misfit.message}`, subject: path };
  }
  return undefined;
}

/** `validatePodHostNetworkDeps`; it leaves init containers out. */
function portsOfHostNetwork(
  { ports }: Container,
  { pod, sidecar }: { pod: Pod; sidecar: SidecarPlan },
): Misfit | undefined {
  if (pod.spec.hostNetwork !== true || sidecar.list !== "containers") return undefined;
  const other = items(ports).filter(isObject).find((port) =>
    port.hostPort && port.hostPort !== port.containerPort
  );
  return other && {
    reason: "PortConflict",
    field: "ports",
    message: `has the host port ${other.hostPort} for the container port ${other.containerPort}, ` +
      "which must be equal because the Pod uses the host's network: make them equal",
  };
}

/** The API server compares the ports of each init container among themselves alone. */
function doubledPortsOfHostNetwork(
  container: Container,
  { pod, sidecar }: { pod: Pod; sidecar: SidecarPlan },
): Misfit | undefined {
  if (pod.spec.hostNetwork !== true || sidecar.list !== "initContainers") return undefined;
  const ports = hostPortsOf(container, pod);
  const doubled = ports.find((port, index) => ports.indexOf(port) !== index);
  return doubled === undefined ? undefined : {
    reason: "PortConflict",
    field: "ports",
    message: `uses the host port ${doubled} twice because the Pod uses the host's network: ` +
      "list each port once",
  };
}

const LINUX_FIELDS = [
  "appArmorProfile",
  "seLinuxOptions",
  "seccompProfile",
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
];
const FIELDS_OF_OTHER_SYSTEM: Readonly<Record<string, readonly string[]>> = {
  windows: LINUX_FIELDS,
  linux: ["windowsOptions"],
};

/** `validateLinux`, `validateWindows` */
function fieldsOfOtherSystem(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (container.securityContext === undefined) return undefined;
  const system = String(member(pod.spec, "os").name);
  const context = member(container, "securityContext");
  const field = FIELDS_OF_OTHER_SYSTEM[system]?.find((name) => context[name] !== undefined);
  return field === undefined ? undefined : {
    reason: "PodSpecConflict",
    field: `securityContext.${field}`,
    message: `must not be set because spec.os.name of the Pod is ${system}: ` +
      "select only Pods for another system, or remove it",
  };
}

/** `validateWindowsHostProcessPod`: all containers of a Pod are HostProcess containers, or none is. */
function hostProcess(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  const ofPod = hostProcessOf(pod.spec);
  const isHostProcess = hostProcessOf(container) ?? ofPod ?? false;
  // Only Pods in the host's network are affected, so most Pods skip the loop over containers.
  if (!isHostProcess && pod.spec.hostNetwork !== true) return undefined;
  const others = pod.spec.containers.map((each) => hostProcessOf(each) ?? ofPod ?? false);
  if (others.every((other) => other === isHostProcess)) return undefined;
  return {
    reason: "PodSpecConflict",
    field: "securityContext.windowsOptions.hostProcess",
    message:
      `must be ${!isHostProcess} as in the Pod's other containers: current value is ${isHostProcess}`,
  };
}

function hostProcessOf(owner: object): boolean | undefined {
  const { hostProcess } = member(member(owner, "securityContext"), "windowsOptions");
  return typeof hostProcess === "boolean" ? hostProcess : undefined;
}

/** `validateResizePolicy` */
function restartOnResize(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (container.resizePolicy === undefined || pod.spec.restartPolicy !== "Never") return undefined;
  const restarts = items(container.resizePolicy).some((policy) =>
    isObject(policy) && policy.restartPolicy === "RestartContainer"
  );
  return !restarts ? undefined : {
    reason: "PodSpecConflict",
    field: "resizePolicy",
    message: "must not ask for RestartContainer because restartPolicy of the Pod is Never: " +
      "use NotRequired",
  };
}

const DEFAULT_GRACE_SECONDS = 30;

/** `validateSleepAction` */
function sleepBeyondGrace(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (container.lifecycle === undefined) return undefined;
  const { terminationGracePeriodSeconds: grace = DEFAULT_GRACE_SECONDS } = pod.spec;
  for (const hook of ["postStart", "preStop"]) {
    const { seconds } = member(member(member(container, "lifecycle"), hook), "sleep");
    if (typeof seconds !== "number" || typeof grace !== "number" || seconds <= grace) continue;
    return {
      reason: "PodSpecConflict",
      field: `lifecycle.${hook}.sleep.seconds`,
      message: `is ${seconds}, more than the Pod's terminationGracePeriodSeconds of ${grace}: ` +
        "lower it, or raise that of the Pod",
    };
  }
  return undefined;
}

/** `ValidateSecurityContext` */
function procOfHostUsers(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (pod.spec.hostUsers === false) return undefined;
  if (member(container, "securityContext").procMount !== "Unmasked") return undefined;
  return {
    reason: "PodSpecConflict",
    field: "securityContext.procMount",
    message: "must be Default unless hostUsers of the Pod is false: " +
      "select only Pods with hostUsers false",
  };
}

/** `validateHostUsers` */
function deviceWithoutHostUsers(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (pod.spec.hostUsers !== false || (container.volumeDevices ?? []).length === 0) {
    return undefined;
  }
  return {
    reason: "PodSpecConflict",
    field: "volumeDevices",
    message: "must not be set because hostUsers of the Pod is false: " +
      "select only Pods that use the node's users",
  };
}

/** `ValidateVolumeDevices`; of two volumes of one name the Pod's stays. */
function deviceWithoutClaim(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  for (const { name } of container.volumeDevices ?? []) {
    const volume = pod.spec.volumes?.find((each) => each.name === name);
    if (!volume || volume.persistentVolumeClaim || volume.ephemeral) continue;
    return {
      reason: "VolumeConflict",
      field: "volumeDevices",
      message: `names ${name}, of which the Pod has a volume that is no block device: rename one`,
    };
  }
  return undefined;
}

/** `validateFileKeyRefVolumes` */
function fileOutsideEmptyDir(container: Container, { pod }: { pod: Pod }): Misfit | undefined {
  for (const { name, valueFrom } of container.env ?? []) {
    if (valueFrom?.fileKeyRef === undefined) continue;
    const { volumeName } = member(valueFrom, "fileKeyRef");
    const volume = pod.spec.volumes?.find((each) => each.name === volumeName);
    if (!volume || volume.emptyDir) continue;
    return {
      reason: "VolumeConflict",
      field: `env[${name}].valueFrom.fileKeyRef`,
      message: `names ${volumeName}, of which the Pod has a volume that is no emptyDir: rename one`,
    };
  }
  return undefined;
}

/** `validateResourceClaimNames` */
function claimOfOtherPods({ resources }: Container, { pod }: { pod: Pod }): Misfit | undefined {
  if (resources?.claims === undefined) return undefined;
  const known = items(pod.spec.resourceClaims).filter(isObject).map(({ name }) => name);
  const missing = items(resources.claims).filter(isObject).find(({ name }) =>
    !known.includes(name)
  );
  return missing && {
    reason: "PodSpecConflict",
    field: "resources.claims",
    message: `names ${missing.name}, which spec.resourceClaims of the Pod lacks: ` +
      "add the claim to the Pod, or select only Pods that have it",
  };
}
