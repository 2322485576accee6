import type { Container, Volume } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import { type Fields, items, member } from "./fields.ts";
import { hostPortsOf } from "./occupied.ts";

/** Containers and volumes to judge in the surroundings of a Pod. */
export interface Subject {
  readonly pod: Pod;
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

/** One control of the Pod Security Standards that containers or volumes can violate. */
export interface Control {
  /** As the standard calls it. */
  readonly name: string;
  /** First Kubernetes minor version whose policy has the control; all versions when absent. */
  readonly since?: number;
  violatedBy(subject: Subject): boolean;
}

/** A control on each container's `securityContext`. */
function onSecurityContext(
  name: string,
  violates: (context: Fields, pod: Pod) => boolean,
): Control {
  return {
    name,
    violatedBy: ({ pod, containers }) =>
      containers.some((container) => violates(member(container, "securityContext"), pod)),
  };
}

/** Whether a field is set to something that is not in the list. */
function outside(allowed: readonly string[], value: unknown): boolean {
  return value !== undefined && value !== null && !allowed.includes(String(value));
}

/** `k8s.io/pod-security-admission/policy/check_capabilities_baseline.go` */
const CAPABILITIES = [
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
];

const SELINUX_TYPES = [
  "",
  "container_t",
  "container_init_t",
  "container_kvm_t",
  "container_engine_t",
];

const CONFINED_PROFILES = ["RuntimeDefault", "Localhost"];

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"];
const HOOKS = ["postStart", "preStop"];

/** The controls of the level `baseline` that a container or a volume can violate. */
export const BASELINE: readonly Control[] = [
  onSecurityContext(
    "HostProcess",
    (context) => member(context, "windowsOptions").hostProcess === true,
  ),
  onSecurityContext("Privileged Containers", (context) => context.privileged === true),
  onSecurityContext(
    "Capabilities",
    (context) =>
      items(member(context, "capabilities").add).some((added) => outside(CAPABILITIES, added)),
  ),
  {
    name: "HostPath Volumes",
    violatedBy: ({ volumes }) => volumes.some((volume) => volume.hostPath !== undefined),
  },
  {
    name: "Host Ports",
    violatedBy: ({ pod, containers }) =>
      containers.some((container) => hostPortsOf(container, pod).length > 0),
  },
  {
    name: "Host Probes / Lifecycle Hooks",
    since: 34,
    violatedBy: ({ containers }) => containers.some(namesHost),
  },
  onSecurityContext(
    "AppArmor",
    (context) => outside(CONFINED_PROFILES, member(context, "appArmorProfile").type),
  ),
  onSecurityContext("SELinux", (context) => {
    const options = member(context, "seLinuxOptions");
    return outside(SELINUX_TYPES, options.type) || outside([""], options.user) ||
      outside([""], options.role);
  }),
  onSecurityContext("/proc Mount Type", (context) => outside(["Default"], context.procMount)),
  onSecurityContext(
    "Seccomp",
    (context) => outside(CONFINED_PROFILES, member(context, "seccompProfile").type),
  ),
];

function namesHost(container: Container): boolean {
  const handlers = [
    ...PROBES.map((probe) => member(container, probe)),
    ...HOOKS.map((hook) => member(member(container, "lifecycle"), hook)),
  ];
  return handlers.some((handler) =>
    outside([""], member(handler, "httpGet").host) ||
    outside([""], member(handler, "tcpSocket").host)
  );
}

const VOLUME_TYPES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const SECCOMP_PROFILES = ["RuntimeDefault", "Localhost"];

/** What the level `restricted` asks of a container or a volume beyond `baseline`. */
export const RESTRICTED: readonly Control[] = [
  {
    name: "Volume Types",
    violatedBy: ({ volumes }) =>
      volumes.some((volume) => !VOLUME_TYPES.some((type) => volume[type] !== undefined)),
  },
  onSecurityContext(
    "Privilege Escalation",
    (context, pod) => !isWindows(pod) && context.allowPrivilegeEscalation !== false,
  ),
  onSecurityContext(
    "Running as Non-root",
    (context, pod) =>
      (context.runAsNonRoot ?? member(pod.spec, "securityContext").runAsNonRoot) !== true,
  ),
  onSecurityContext("Running as Non-root user", (context) => context.runAsUser === 0),
  onSecurityContext("Seccomp (restricted)", (context, pod) => {
    if (isWindows(pod)) return false;
    const type = member(context, "seccompProfile").type ??
      member(member(pod.spec, "securityContext"), "seccompProfile").type;
    return type === undefined || outside(SECCOMP_PROFILES, type);
  }),
  onSecurityContext("Capabilities (restricted)", (context, pod) => {
    if (isWindows(pod)) return false;
    const { add, drop } = member(context, "capabilities");
    return !items(drop).includes("ALL") ||
      items(add).some((added) => outside(["NET_BIND_SERVICE"], added));
  }),
];

/** The standard exempts Windows Pods from these Linux controls. */
function isWindows(pod: Pod): boolean {
  return member(pod.spec, "os").name === "windows";
}
