import type { Container } from "../../../api/container.ts";
import { hostPortsOf } from "../occupied.ts";
import { items, member } from "../fields.ts";
import { type Control, onSecurityContext, outside } from "./control.ts";

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
