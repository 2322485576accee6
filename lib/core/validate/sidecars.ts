import { HOT_UPGRADE_SUFFIXES } from "../../api/names.ts";
import {
  podInjectPolicies,
  shareTypes,
  targetContainersModes,
  upgradeTypes,
} from "../../api/sidecar_container.ts";
import { defaultPodContainer } from "../defaults/core_container.ts";
import { defaultVolume } from "../defaults/volume.ts";
import { compilePattern, MAX_PATTERN_LENGTH } from "../pattern.ts";
import { readResourceExpression } from "../quantity/expression.ts";
import type { Field } from "./field.ts";
import type { ContentSubject } from "./input.ts";
import { checkPatchContainers } from "./patch_containers.ts";
import { checkContainerNames, checkContainers, checkInitContainers } from "./pod/container.ts";
import { checkSubscript, readPodFieldPath } from "./pod/field_selectors.ts";
import { checkVolumes } from "./pod/volumes.ts";
import { checkOneOf, checkOptionalOneOf } from "./syntax.ts";

/** More would let one SidecarSet hold up every Pod's creation; Kubernetes' own Pods stay far below. */
const MAX_CONTAINERS = 256;

/**
 * Containers, init containers and volumes: by a SidecarSet's own rules and as parts of a Pod.
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateContainersForSidecarSet`
 */
export function checkSidecars({ spec, input }: ContentSubject): void {
  const containers = spec.member("containers").items();
  const initContainers = spec.member("initContainers").items();
  const count = containers.length + initContainers.length;
  if (count === 0) {
    return spec.member("containers").required("must have a container, or use initContainers");
  }
  if (count > MAX_CONTAINERS) {
    return spec.member("containers").tooLong(
      `must have at most ${MAX_CONTAINERS} containers together with initContainers: they have ${count}`,
    );
  }
  for (const container of containers) {
    // Those of init containers may be absent: OpenKruise does not check them.
    checkOneOf(container.member("podInjectPolicy"), podInjectPolicies);
    checkOneOf(container.member("shareVolumePolicy").member("type"), shareTypes);
    checkSidecar(container);
  }
  for (const container of initContainers) {
    checkOptionalOneOf(container.member("podInjectPolicy"), podInjectPolicies);
    checkOptionalOneOf(container.member("shareVolumePolicy").member("type"), shareTypes);
    checkSidecar(container);
    checkInitSidecar(container);
  }
  checkContainerNames(containers, initContainers);
  checkHotUpgradeNames([...containers, ...initContainers]);

  const volumes = checkVolumes(
    spec.member("volumes").items().map((volume) => volume.completed(defaultVolume)),
  );
  const facts = { volumes, allowPrivileged: input.allowPrivileged ?? true };
  checkContainers(containers.map(asInPod), facts);
  checkInitContainers(initContainers.map(asInPod), facts);
  checkPatchContainers(spec.member("patchContainers"), {
    volumes,
    sidecars: new Set(
      [...containers, ...initContainers].map((container) => container.member("name").text()),
    ),
  });
}

function asInPod(container: Field): Field {
  return container.completed(defaultPodContainer);
}

function checkSidecar(container: Field): void {
  checkOptionalOneOf(container.member("shareVolumeDevicePolicy").member("type"), shareTypes);
  checkOptionalOneOf(container.member("upgradeStrategy").member("upgradeType"), upgradeTypes);
  checkTransferEnv(container.member("transferEnv"));
  checkResourcesPolicy(container);
}

function checkInitSidecar(container: Field): void {
  const completionPolicy = container.member("completionPolicy");
  if (completionPolicy.isSet) {
    completionPolicy.forbidden(
      "must not be set for an init container: it never keeps a Pod from completing",
    );
  }
  const resourcesPolicy = container.member("resourcesPolicy");
  if (resourcesPolicy.isSet && container.member("restartPolicy").text() !== "Always") {
    resourcesPolicy.invalid(
      "must not be set for an init container unless its restartPolicy is Always",
    );
  }
}

const MAX_NAME_LENGTH = 63;
const LONGEST_SUFFIX = Math.max(...HOT_UPGRADE_SUFFIXES.map((suffix) => suffix.length));

/** Both containers of a hot-upgrade pair need an image and a valid, unique name (B-27). */
function checkHotUpgradeNames(containers: readonly Field[]): void {
  const names = new Set(containers.map((container) => container.member("name").text()));
  for (const container of containers) {
    const strategy = container.member("upgradeStrategy");
    if (strategy.member("upgradeType").text() !== "HotUpgrade") continue;
    const emptyImage = strategy.member("hotUpgradeEmptyImage");
    if (emptyImage.text() === "") {
      emptyImage.required("is required for HotUpgrade: the idle container of the pair runs it");
    }
    const name = container.member("name");
    const mostLength = MAX_NAME_LENGTH - LONGEST_SUFFIX;
    if (name.text().length > mostLength && name.text().length <= MAX_NAME_LENGTH) {
      name.invalid(
        `must have at most ${mostLength} characters for HotUpgrade, which appends a suffix`,
      );
    }
    const taken = HOT_UPGRADE_SUFFIXES.map((suffix) => `${name.text()}${suffix}`)
      .find((pairName) => names.has(pairName));
    if (taken !== undefined) {
      name.duplicate(`must be changed: HotUpgrade makes a container ${taken} of it, which exists`);
    }
  }
}

/**
 * Where variables are copied from. An empty reference is refused (B-25).
 *
 * @see `pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateDownwardAPI`
 */
function checkTransferEnv(transferEnv: Field): void {
  for (const entry of transferEnv.items()) {
    const name = entry.member("sourceContainerName");
    const nameFrom = entry.member("sourceContainerNameFrom");
    if (nameFrom.isSet) checkNameSource(nameFrom.member("fieldRef"));
    else if (name.text() === "") name.required("is required: or use sourceContainerNameFrom");
  }
}

/** The name comes from a label or an annotation of the Pod; nothing else of it is known before it is created. */
function checkNameSource(fieldRef: Field): void {
  if (!fieldRef.isSet) {
    return fieldRef.required(
      "is required: use fieldPath metadata.labels['KEY'] or metadata.annotations['KEY']",
    );
  }
  const apiVersion = fieldRef.member("apiVersion");
  const fieldPath = fieldRef.member("fieldPath");
  if (apiVersion.text() === "") return apiVersion.required("is required: use v1");
  if (fieldPath.text() === "") return fieldPath.required();
  if (apiVersion.text() !== "v1") return fieldPath.invalid("must be read with apiVersion v1");
  const parts = readPodFieldPath(fieldPath.text());
  if (parts.key === undefined) {
    return fieldPath.invalid("must be metadata.labels['KEY'] or metadata.annotations['KEY']");
  }
  checkSubscript(fieldRef, parts);
}

/**
 * A policy that computes resources: a valid regular expression, and expressions that can be evaluated, checked by their
 * types instead of by a trial (B-33, B-34).
 *
 * @see `pkg/webhook/sidecarset/validating/validating_resources_policy.go`
 */
function checkResourcesPolicy(container: Field): void {
  const policy = container.member("resourcesPolicy");
  if (!policy.isSet) return;
  const resources = container.member("resources");
  const isSetToo = ["limits", "requests"].find((list) =>
    resources.member(list).entries().length > 0
  );
  if (isSetToo !== undefined) {
    policy.invalid(`must not be set together with resources.${isSetToo}, which it would replace`);
  }
  checkOneOf(policy.member("targetContainersMode"), targetContainersModes);
  checkRegex(policy.member("targetContainersNameRegex"));

  const expressions = policy.member("resourcesExpr");
  const limits = expressions.member("limits");
  const requests = expressions.member("requests");
  if (!limits.isSet && !requests.isSet) expressions.invalid("must have limits or requests");
  for (const list of [limits, requests]) {
    checkExpression(list.member("cpu"), "cpu");
    checkExpression(list.member("memory"), "memory");
  }
}

function checkRegex(regex: Field): void {
  if (regex.text() === "") return regex.required("is required: use .* for all containers");
  const pattern = compilePattern(regex.text());
  if (pattern.ok) return;
  if (regex.text().length > MAX_PATTERN_LENGTH) regex.tooLong(pattern.problem);
  else regex.invalid(pattern.problem);
}

function checkExpression(field: Field, resource: "cpu" | "memory"): void {
  if (field.text() === "") return;
  const read = readResourceExpression(field.text());
  if (!read.ok) return field.invalid(`cannot be evaluated: ${read.problem}`);
  const { variable, expression } = read.value;
  // The variable has the amount of this resource, regardless of its name.
  if (variable !== resource && expression.steps.some((step) => step.type === "variable")) {
    field.invalid(`must use the variable ${resource}, not ${variable}`);
  }
}
