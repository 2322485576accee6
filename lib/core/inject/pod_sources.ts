import type { Container, EnvVar, VolumeDevice, VolumeMount } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import { isMarkedInjected } from "../annotations/injected_list.ts";

/** The kubelet mounts each container's own token here; another container's would carry its rights over. */
const SERVICE_ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";

/** `pkg/control/sidecarcontrol/util.go:SubPathExprEnvReg` */
export const VARIABLE = /\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)/g;

/**
 * Mounts, devices and variables of the Pod's own containers for sidecars, computed on first use. Containers marked
 * as injected share nothing. Containers in `ours`, injected by an earlier call, provide no variables either, so
 * that every call computes the same.
 */
export class PodSources {
  readonly #pod: Pod;
  readonly #ours: ReadonlySet<string>;
  #ownContainers: readonly Container[] | undefined;
  #mounts: readonly VolumeMount[] | undefined;
  #devices: readonly VolumeDevice[] | undefined;
  #subPathVariables: readonly SubPathVariable[] | undefined;
  #env: ReadonlyMap<string, ReadonlyMap<string, EnvVar>> | undefined;

  constructor(pod: Pod, ours: ReadonlySet<string>) {
    this.#pod = pod;
    this.#ours = ours;
  }

  /** Mounts to share, once for each path. */
  mounts(): readonly VolumeMount[] {
    return this.#mounts ??= oncePerPath(
      this.#sharers().flatMap((each) => each.volumeMounts ?? []).filter((mount) =>
        mount.mountPath !== SERVICE_ACCOUNT_PATH
      ),
      (mount) => mount.mountPath,
    );
  }

  /** Devices to share, once for each path. */
  devices(): readonly VolumeDevice[] {
    return this.#devices ??= oncePerPath(
      this.#sharers().flatMap((each) => each.volumeDevices ?? []),
      (device) => device.devicePath,
    );
  }

  /** The variables that shared mounts name in `subPathExpr`, in order of the mounts. */
  subPathVariables(): readonly SubPathVariable[] {
    return this.#subPathVariables ??= this.#sharers().flatMap(variablesOfMounts);
  }

  /** A container that variables can be taken from. */
  container(name: string): Container | undefined {
    if (this.#ours.has(name)) return undefined;
    return this.#pod.spec.containers.find((each) => each.name === name);
  }

  /** One variable of one container. */
  env(container: string, name: string): EnvVar | undefined {
    this.#env ??= envByContainer(this.#pod, this.#ours);
    return this.#env.get(container)?.get(name);
  }

  #sharers(): readonly Container[] {
    return this.#ownContainers ??= this.#pod.spec.containers.filter((each) =>
      !isMarkedInjected(each)
    );
  }
}

function oncePerPath<T>(uses: readonly T[], path: (use: T) => string): readonly T[] {
  const byPath = new Map<string, T>();
  for (const use of uses) {
    if (!byPath.has(path(use))) byPath.set(path(use), use);
  }
  return [...byPath.values()];
}

/** A variable in a mount's `subPathExpr`. */
export interface SubPathVariable {
  /** The one that mounts it. */
  readonly container: Container;
  readonly mount: VolumeMount;
  readonly name: string;
  /** Undefined where `env` of the container does not set it. */
  readonly variable: EnvVar | undefined;
}

/** Variables are copied for every mount, also for one that the sidecar then does not take, as upstream. */
function variablesOfMounts(container: Container): readonly SubPathVariable[] {
  const variables: SubPathVariable[] = [];
  for (const mount of container.volumeMounts ?? []) {
    if (mount.subPathExpr === undefined || mount.mountPath === SERVICE_ACCOUNT_PATH) continue;
    for (const [, name = ""] of mount.subPathExpr.matchAll(VARIABLE)) {
      const variable = container.env?.find((each) => each.name === name);
      variables.push({ container, mount, name, variable });
    }
  }
  return variables;
}

/** A variable listed twice counts with its last value, as it does for the kubelet. */
function envByContainer(
  pod: Pod,
  ours: ReadonlySet<string>,
): ReadonlyMap<string, ReadonlyMap<string, EnvVar>> {
  const byContainer = new Map<string, Map<string, EnvVar>>();
  for (const container of pod.spec.containers) {
    if (ours.has(container.name)) continue;
    byContainer.set(
      container.name,
      new Map(container.env?.map((variable) => [variable.name, variable]) ?? []),
    );
  }
  return byContainer;
}
