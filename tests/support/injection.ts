import { HASH_ANNOTATION } from "../../lib/api/names.ts";
import type { EnvVar } from "../../lib/api/container.ts";
import type { KubeObject } from "../../lib/api/objects.ts";
import type { Namespace, Pod } from "../../lib/api/pod.ts";
import type { SidecarSet, SidecarSetSpec } from "../../lib/api/sidecarset.ts";
import { readUpgradeSpecs } from "../../lib/core/annotations/upgrade_specs.ts";
import { create } from "../../lib/kube/requests.ts";
import { resources } from "../../lib/kube/resources.ts";
import { send } from "../../lib/kube/response.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "./control_plane.ts";
import { type ControllerProcess, startController } from "./controller_process.ts";
import { install } from "./installation.ts";
import { conditionOf, untilSidecarSet } from "./sidecarsets.ts";

export interface InjectionClusterOptions {
  plane?: ControlPlaneOptions;
  /** Flags of the controller. */
  args?: readonly string[];
  /** What is in the cluster before the controller starts. */
  before?(plane: ControlPlane): Promise<void>;
}

/** A control plane without a kubelet, and a controller that injects into its Pods. */
export class InjectionCluster implements AsyncDisposable {
  readonly plane: ControlPlane;
  readonly controller: ControllerProcess;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    plane: ControlPlane,
    controller: ControllerProcess,
    resources: AsyncDisposableStack,
  ) {
    this.plane = plane;
    this.controller = controller;
    this.#resources = resources;
  }

  static async start(options: InjectionClusterOptions = {}): Promise<InjectionCluster> {
    await using stack = new AsyncDisposableStack();
    const plane = stack.use(await startControlPlane({ kubelet: false, ...options.plane }));
    await install(plane);
    await options.before?.(plane);
    const { args = [] } = options;
    const kubeconfig = plane.controllerKubeconfig;
    const controller = stack.use(await startController({ kubeconfig, args }));
    return new InjectionCluster(plane, controller, stack.move());
  }

  /** Creates a SidecarSet as an API client does. */
  createSidecarSet(name: string, spec: unknown, metadata: object = {}): Promise<KubeObject> {
    const body = { metadata: { ...metadata, name }, spec };
    return send(this.plane.client, create(resources.sidecarSets, { body }));
  }

  /** Creates SidecarSets, and waits until new Pods get all of them. */
  async createReady(specs: Readonly<Record<string, SidecarSetSpec>>): Promise<void> {
    for (const [name, spec] of Object.entries(specs)) await this.createSidecarSet(name, spec);
    await Promise.all(Object.keys(specs).map((name) => this.untilReady(name)));
  }

  /** Waits until new Pods get the SidecarSet as it is stored now. */
  untilReady(name: string): Promise<SidecarSet> {
    return untilSidecarSet(this.plane, name, {
      what: "is ready",
      is: (found) => {
        const ready = conditionOf(found, "Ready");
        return ready?.status === "True" &&
          ready.observedGeneration === found.metadata.generation;
      },
    });
  }

  createNamespace(name: string, labels: Record<string, string> = {}): Promise<Namespace> {
    const body = { metadata: { name, labels } };
    return send(this.plane.client, create(resources.namespaces, { body }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Selects the Pods that are labelled with the SidecarSet's own name. */
export function selecting(app: string): SidecarSetSpec {
  return { selector: { matchLabels: { app } } };
}

/** A variable of a container by its name. */
export function envOf(pod: Pod, { container, name }: { container: string; name: string }) {
  return containerOf(pod, container)?.env?.find((variable: EnvVar) => variable.name === name);
}

/** A container or an init container. */
export function containerOf({ spec }: Pod, name: string) {
  return [...spec.initContainers ?? [], ...spec.containers].find((each) => each.name === name);
}

export function namesOf(
  list: readonly { name?: string | undefined }[] | undefined,
): (string | undefined)[] {
  return (list ?? []).map(({ name }) => name);
}

/** What the Pod records of one SidecarSet's injection. */
export function recordOf(pod: Pod, sidecarSet: string) {
  const read = readUpgradeSpecs(pod);
  if (!read.ok) throw new Error(`Cannot read ${HASH_ANNOTATION} of Pod ${pod.metadata.name}`);
  return read.value.full.get(sidecarSet);
}
