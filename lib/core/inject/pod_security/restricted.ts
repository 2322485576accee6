import type { Pod } from "../../../api/pod.ts";
import { items, member } from "../fields.ts";
import { type Control, onSecurityContext, outside } from "./control.ts";

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
