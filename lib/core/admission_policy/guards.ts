import type { Container } from "../../api/container.ts";
import type { Pod, PodSpec } from "../../api/pod.ts";
import { isObject } from "../../api/json.ts";
import { items, member } from "../inject/fields.ts";
import { hostPortsOf } from "../inject/occupied.ts";
import { isMisfit, type PodFitRule } from "../inject/pod_fit.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import { celString, celStrings } from "./cel.ts";
import { securityConditions } from "./security_conditions.ts";

/**
 * CEL conditions of the Pods that the SidecarSet is left out of, as `core/inject` leaves it out. Only those that
 * its sidecars can meet.
 */
export function obstacleConditions(plan: SidecarSetPlan): readonly string[] {
  return [
    // First, as it holds for every Pod that has been injected.
    `variables.names.exists(n, n in ${celStrings(plan.containerNames)})`,
    ...missingVolumes(plan),
    ...portConflicts(plan),
    ...securityConditions(plan),
    ...Object.values(MISFITS).flatMap((conditionsOf) => conditionsOf(plan)),
  ];
}

function missingVolumes({ volumesOfPod }: SidecarSetPlan): string[] {
  const names = new Set(volumesOfPod.map(({ volume }) => volume));
  return [...names].map((name) => `!(${celString(name)} in variables.volumeNames)`);
}

/** In Pods that use the host's network, the API server has set host ports before it evaluates policies. */
function portConflicts(plan: SidecarSetPlan): string[] {
  const portsIn = (spec: Partial<PodSpec>) => {
    const pod = podWith(spec);
    return containersOf(plan, "containers").flatMap((each) => hostPortsOf(each, pod));
  };
  const conflict = (ports: readonly string[]) =>
    new Set(ports).size < ports.length
      ? "true"
      : `variables.hostPorts.exists(p, p in ${celStrings(ports)})`;
  const [separate, shared] = [portsIn({}), portsIn({ hostNetwork: true })];
  if (shared.length === 0) return [];
  if (separate.length === 0) return [`variables.hostNetwork && ${conflict(shared)}`];
  return [`variables.hostNetwork ? ${conflict(shared)} : ${conflict(separate)}`];
}

/** What each rule of a fitting Pod needs of the Pod; the compiler reports a missing one. */
const MISFITS: Readonly<Record<PodFitRule, (plan: SidecarSetPlan) => string[]>> = {
  portsOfHostNetwork: (plan) =>
    misfitIn({ hostNetwork: true }, { plan, rule: "portsOfHostNetwork" }, "variables.hostNetwork"),
  doubledPortsOfHostNetwork: (plan) =>
    misfitIn(
      { hostNetwork: true },
      { plan, rule: "doubledPortsOfHostNetwork" },
      "variables.hostNetwork",
    ),
  fieldsOfOtherSystem: (plan) =>
    ["linux", "windows"].flatMap((name) =>
      misfitIn(
        { os: { name } },
        { plan, rule: "fieldsOfOtherSystem" },
        `object.spec.?os.?name.orValue("") == ${celString(name)}`,
      )
    ),
  hostProcess: () => [OTHER_HOST_PROCESS],
  restartOnResize: (plan) =>
    misfitIn(
      { restartPolicy: "Never" },
      { plan, rule: "restartOnResize" },
      'object.spec.?restartPolicy.orValue("") == "Never"',
    ),
  sleepBeyondGrace: (plan) => {
    const seconds = containersOf(plan).flatMap(sleepSeconds);
    return seconds.length === 0
      ? []
      : [`object.spec.?terminationGracePeriodSeconds.orValue(30) < ${Math.max(...seconds)}`];
  },
  procOfHostUsers: (plan) =>
    misfitIn({}, { plan, rule: "procOfHostUsers" }, "object.spec.?hostUsers.orValue(true)"),
  deviceWithoutHostUsers: (plan) =>
    misfitIn(
      { hostUsers: false },
      { plan, rule: "deviceWithoutHostUsers" },
      "!object.spec.?hostUsers.orValue(true)",
    ),
  deviceWithoutClaim: (plan) =>
    containersOf(plan).flatMap(({ volumeDevices = [] }) => volumeDevices).map(({ name }) =>
      volumeWithout(name, ["persistentVolumeClaim", "ephemeral"])
    ),
  fileOutsideEmptyDir: (plan) =>
    containersOf(plan).flatMap(({ env = [] }) => env).flatMap(({ valueFrom }) => {
      const { volumeName } = member(valueFrom, "fileKeyRef");
      return typeof volumeName === "string" ? [volumeWithout(volumeName, ["emptyDir"])] : [];
    }),
  claimOfOtherPods: (plan) =>
    containersOf(plan).flatMap(({ resources }) => items(resources?.claims)).filter(isObject).map(
      ({ name }) =>
        `!object.spec.?resourceClaims.orValue([]).exists(r, r.name == ${celString(String(name))})`,
    ),
};

/** Sidecars that set it themselves are not injected by a policy. */
const HOST_PROCESS = "securityContext.?windowsOptions.?hostProcess.orValue";
const OTHER_HOST_PROCESS = `object.spec.containers.exists(c, c.?${HOST_PROCESS}(object.spec.?` +
  `${HOST_PROCESS}(false)) != object.spec.?${HOST_PROCESS}(false))`;

/** The condition, if the rule keeps the sidecars out of such a Pod. */
function misfitIn(
  spec: Partial<PodSpec>,
  { plan, rule }: { plan: SidecarSetPlan; rule: PodFitRule },
  condition: string,
): string[] {
  return isMisfit(plan, { rule, pod: podWith(spec) }) ? [condition] : [];
}

function volumeWithout(name: string, sources: readonly string[]): string {
  const lacks = sources.map((source) => `!has(v.${source})`).join(" && ");
  return `variables.volumes.exists(v, v.name == ${celString(name)} && ${lacks})`;
}

function sleepSeconds({ lifecycle }: Container): number[] {
  return ["postStart", "preStop"].flatMap((hook) => {
    const { seconds } = member(member(lifecycle, hook), "sleep");
    return typeof seconds === "number" ? [seconds] : [];
  });
}

function containersOf(plan: SidecarSetPlan, list?: "containers"): readonly Container[] {
  return plan.sidecars.filter((sidecar) => list === undefined || sidecar.list === list)
    .flatMap(({ containers }) => containers.map(({ container }) => container));
}

function podWith(spec: Partial<PodSpec>): Pod {
  return { metadata: {}, spec: { containers: [], ...spec } };
}
