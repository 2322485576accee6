import type { LocalObjectReference } from "../../api/container.ts";
import type {
  PatchField,
  PatchPodMetadata,
  SidecarSet,
  SidecarSetSpec,
  SpecField,
} from "../../api/sidecarset.ts";
import type { SidecarContainer } from "../../api/sidecar_container.ts";
import { DEFAULT_CONTAINER_ANNOTATION } from "../pod_metadata/default_container.ts";
import { isOwnAnnotation } from "../pod_metadata/removal.ts";
import { member } from "../inject/fields.ts";
import { type ContainerList, podDependentFields } from "../inject/sidecar_plan.ts";
import type { Obstacle } from "../reasons.ts";
import { newerField } from "./newer_fields.ts";
import { unknownFields } from "../validate/unknown_fields.ts";

/** Blockers in one field of the spec, each a field's path and why a policy cannot do it. */
type Check = (spec: SidecarSetSpec) => readonly Blocker[];

interface Blocker {
  readonly field: string;
  /** What follows the field: a clause, a colon and the remedy. */
  readonly message: string;
}

const never: Check = () => [];

/** One entry for every field of the spec; the compiler reports a missing one. */
const CHECKS: Readonly<Record<SpecField, Check>> = {
  selector: never,
  namespace: never,
  namespaceSelector: never,
  injectionStrategy: ({ injectionStrategy }) => {
    const { revisionName, customVersion, policy } = injectionStrategy?.revision ?? {};
    return policy === "Partial" && (revisionName || customVersion)
      ? [{
        field: "injectionStrategy.revision.policy",
        message: "is Partial, which counts the Pods of each revision: use Always",
      }]
      : [];
  },
  failurePolicy: ({ failurePolicy }) =>
    failurePolicy === "Fail"
      ? [{
        field: "failurePolicy",
        message: "is Fail, but a policy does not refuse a Pod that it leaves out: use Ignore",
      }]
      : [],
  conflictPolicy: ({ conflictPolicy }) =>
    conflictPolicy === "Replace"
      ? [{
        field: "conflictPolicy",
        message: "is Replace, which depends on the Pod's containers: use Refuse",
      }]
      : [],
  updateStrategy: never,
  cleanupPolicy: never,
  missedPodPolicy: never,
  revisionHistoryLimit: never,
  customVersion: never,
  initContainers: ({ initContainers }) => ofSidecars(initContainers, "initContainers"),
  containers: ({ containers, initContainers }) => [
    ...ofSidecars(containers, "containers"),
    ...((containers ?? []).length + (initContainers ?? []).length === 0
      ? [{
        field: "containers",
        message: "is empty, and a policy does not inject annotations alone: add a container",
      }]
      : []),
  ],
  volumes: ({ volumes = [] }) =>
    volumes.flatMap((volume) => newer(volume, `volumes[${volume.name}]`)),
  imagePullSecrets: ({ imagePullSecrets = [] }) =>
    imagePullSecrets.every(hasNameOnly)
      ? []
      : [{ field: "imagePullSecrets", message: "must have names, and nothing else: correct it" }],
  patchPodMetadata: ({ patchPodMetadata = [] }) =>
    patchPodMetadata.flatMap((patch, i) =>
      Object.values(PATCH_CHECKS).flatMap((check) => check(patch)).map(({ field, message }) => ({
        field: `patchPodMetadata[${i}].${field}`,
        message,
      }))
    ),
  patchContainers: ({ patchContainers = [] }) =>
    patchContainers.length === 0
      ? []
      : [{ field: "patchContainers", message: "depends on the Pod's containers: remove it" }],
};

/** One entry for every field of a metadata patch. */
const PATCH_CHECKS: Readonly<
  Record<PatchField, (patch: PatchPodMetadata) => readonly Blocker[]>
> = {
  annotations: ({ annotations = {} }) =>
    Object.keys(annotations).filter((key) =>
      isOwnAnnotation(key) || key === DEFAULT_CONTAINER_ANNOTATION
    ).map((key) => ({
      field: "annotations",
      message: `sets ${key}, which the injection writes itself: remove it`,
    })),
  labels: ({ labels = {} }) =>
    Object.keys(labels).length === 0
      ? []
      : [{ field: "labels", message: "changes which SidecarSets select the Pod: remove it" }],
  patchPolicy: ({ patchPolicy }) =>
    patchPolicy === "MergePatchJson"
      ? [{
        field: "patchPolicy",
        message: "is MergePatchJson, which depends on the Pod's annotation: " +
          "use Retain or Overwrite",
      }]
      : [],
};

/**
 * Why the API server cannot inject the SidecarSet by a policy, so that the webhook does; empty if it can. Each
 * message has the field and the remedy. A field newer than the schema counts, as an API server that does not know it
 * refuses every Pod of the policy.
 *
 * @param sidecarSet with all defaults
 */
export function policyObstacles({ spec }: Pick<SidecarSet, "spec">): readonly Obstacle[] {
  const unknown = unknownFields({ spec }).filter(({ field }) => INJECTED_PARTS.test(field));
  return [
    ...Object.values(CHECKS).flatMap((check) => check(spec)).map(({ field, message }) =>
      unsupported(`spec.${field}`, message)
    ),
    ...unknown.map(({ field, remedy }) =>
      unsupported(field, `is unknown, and the API server may not know it: ${remedy}`)
    ),
  ];
}

/** The first of {@linkcode policyObstacles}. */
export function policyObstacle(sidecarSet: Pick<SidecarSet, "spec">): Obstacle | undefined {
  return policyObstacles(sidecarSet)[0];
}

const INJECTED_PARTS = /^spec\.(containers|initContainers|volumes)\b/;

function ofSidecars(
  sidecars: readonly SidecarContainer[] | undefined,
  list: ContainerList,
): Blocker[] {
  return (sidecars ?? []).flatMap((sidecar) => {
    const path = `${list}[${sidecar.name}]`;
    const { hostProcess } = member(member(sidecar, "securityContext"), "windowsOptions");
    return [
      ...podDependentFields(sidecar).map((field) => ({
        field: `${path}.${field}`,
        message: "depends on the Pod: remove it",
      })),
      ...newer(sidecar, path),
      ...(hostProcess === undefined ? [] : [{
        field: `${path}.securityContext.windowsOptions.hostProcess`,
        message: "must be as in the Pod's containers: remove it",
      }]),
    ];
  });
}

function newer(value: unknown, path: string): Blocker[] {
  const field = newerField(value);
  return field === undefined ? [] : [{
    field: path,
    message: `has ${field}, which not every API server with policies knows: remove it`,
  }];
}

function hasNameOnly(secret: LocalObjectReference): boolean {
  return Boolean(secret.name) && Object.keys(secret).length === 1;
}

function unsupported(field: string, message: string): Obstacle {
  return { reason: "PolicyUnsupported", message: `${field} ${message}`, subject: field };
}
