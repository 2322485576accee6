import { isObject } from "../../../lib/api/json.ts";
import type { SidecarContainer } from "../../../lib/api/sidecar_container.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { containersOf } from "./validation_case.ts";

type Json = Readonly<Record<string, unknown>>;

/** The rule for environment variables before Kubernetes 1.32. */
const OLD_ENV_NAME = /^(?!\.$|\.\.)[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const NEW_ENV_NAME = /^[ -<>-~]+$/;
const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DEFAULT_GRACE_SECONDS = 30;

/** Paths of what OpenKruise's version of Kubernetes refuses in a Pod, and a newer supported one takes. */
export function newerFields(object: SidecarSet): string[] {
  return containersOf(object).flatMap(({ list, container, path }) => [
    ...newerNames(container).map((name) => `${path}.${name}`),
    ...newerRestartPolicy(list, container).map((field) => `${path}.${field}`),
    ...(member(container, "securityContext").procMount === "Unmasked"
      ? [`${path}.securityContext.procMount`]
      : []),
    ...longSleeps(container).map((hook) => `${path}.lifecycle.${hook}.sleep`),
  ]);
}

function newerNames({ env = [], envFrom }: SidecarContainer): string[] {
  const isNewer = (name: unknown) =>
    typeof name === "string" && !OLD_ENV_NAME.test(name) && NEW_ENV_NAME.test(name);
  return [
    ...env.flatMap(({ name }, i) => isNewer(name) ? [`env[${i}].name`] : []),
    ...items(envFrom).flatMap(({ prefix }, i) => isNewer(prefix) ? [`envFrom[${i}].prefix`] : []),
  ];
}

function newerRestartPolicy(
  list: "containers" | "initContainers",
  { restartPolicy = "", resizePolicy }: SidecarContainer,
): string[] {
  const isNewer = RESTART_POLICIES.includes(restartPolicy) &&
    (list === "containers" || restartPolicy !== "Always");
  const restarts = items(resizePolicy).some((each) => each.restartPolicy === "RestartContainer");
  const isResizable = list === "initContainers" && (restartPolicy === "Always" || !restarts);
  return [...(isNewer ? ["restartPolicy"] : []), ...(isResizable ? ["resizePolicy"] : [])];
}

/** The limit is the Pod's own grace period, which a SidecarSet does not know. */
function longSleeps(container: SidecarContainer): string[] {
  return ["postStart", "preStop"].filter((hook) => {
    const { seconds } = member(member(member(container, "lifecycle"), hook), "sleep");
    return typeof seconds === "number" && seconds > DEFAULT_GRACE_SECONDS;
  });
}

/** The object in a field; empty where there is none. */
export function member(object: Json, name: string): Json {
  const value = object[name];
  return isObject(value) ? value : {};
}

/** The objects of a list; none where there is no list. */
export function items(value: unknown): Json[] {
  return Array.isArray(value) ? value.map((item) => isObject(item) ? item : {}) : [];
}
