import type { Container } from "../../api/container.ts";
import type { JsonPatchOperation } from "../../api/json.ts";
import type { Pod } from "../../api/pod.ts";
import { compareUtf8 } from "../json/go_json.ts";
import type { Admission } from "./admit.ts";
import { buildContainer, derive, type Derived } from "./build_container.ts";
import type { ContainerList, SidecarPlan } from "./sidecar_plan.ts";
import type { TransferContext } from "./transfer_env.ts";

/** A container to inject. */
interface Built {
  readonly container: Container;
  readonly inFront: boolean;
}

/**
 * Operations that add the admitted sidecars to both lists: in place of a container of the same name, before the
 * Pod's own containers, or after them. Init containers are sorted by name; containers are in the order of the
 * SidecarSets.
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:mergeSidecarContainers`.
 */
export function writeContainers(
  admission: Admission,
  context: TransferContext,
): JsonPatchOperation[] {
  const built: Record<ContainerList, Built[]> = { initContainers: [], containers: [] };
  for (const { plan, resources } of admission.admitted) {
    for (const sidecar of plan.sidecars) {
      const derived = sidecar.dependsOnPod
        ? deriveNew(sidecar, { resources: resources.get(sidecar), context })
        : undefined;
      for (const planned of sidecar.containers) {
        built[sidecar.list].push({
          container: buildContainer(sidecar, { planned, derived }),
          inFront: sidecar.inFront,
        });
      }
    }
  }
  built.initContainers.sort((a, b) => compareUtf8(a.container.name, b.container.name));
  return [
    ...place(built.initContainers, { list: "initContainers", admission, pod: context.pod }),
    ...place(built.containers, { list: "containers", admission, pod: context.pod }),
  ];
}

function deriveNew(
  sidecar: SidecarPlan,
  { resources, context }: { resources: Derived["resources"]; context: TransferContext },
): Derived {
  const present = sidecar.containers[0]?.container ?? {};
  return { ...derive(sidecar, { present, context }), resources };
}

function place(
  built: readonly Built[],
  { list, admission, pod }: { list: ContainerList; admission: Admission; pod: Pod },
): JsonPatchOperation[] {
  if (built.length === 0) return [];
  const replacing: JsonPatchOperation[] = [];
  const front: Container[] = [];
  const behind: Container[] = [];
  for (const { container, inFront } of built) {
    const place = admission.occupied.places.get(container.name);
    if (place !== undefined) {
      replacing.push({ op: "replace", path: `/spec/${list}/${place.index}`, value: container });
    } else if (inFront) front.push(container);
    else behind.push(container);
  }
  if (!pod.spec[list]) {
    return [{ op: "add", path: `/spec/${list}`, value: [...front, ...behind] }];
  }
  // Replacements come first, as their indices are those of the given Pod.
  return [
    ...replacing,
    ...behind.map((value) => add(`/spec/${list}/-`, value)),
    ...front.map((value, index) => add(`/spec/${list}/${index}`, value)),
  ];
}

function add(path: string, value: unknown): JsonPatchOperation {
  return { op: "add", path, value };
}
