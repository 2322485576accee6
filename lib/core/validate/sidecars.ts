import { podInjectPolicies, shareTypes, upgradeTypes } from "../../api/sidecar_container.ts";
import { defaultPodContainer } from "../defaults/core_container.ts";
import { defaultVolume } from "../defaults/volume.ts";
import type { Field } from "./field.ts";
import { checkHotUpgradeNames } from "./hot_upgrade.ts";
import type { Subject } from "./input.ts";
import { checkContainerNames, checkContainers, checkInitContainers } from "./pod/container.ts";
import { checkVolumes } from "./pod/volumes.ts";
import { checkResourcesPolicy } from "./resources_policy.ts";
import { checkOneOf, checkOptionalOneOf } from "./syntax.ts";
import { checkTransferEnv } from "./transfer_env.ts";

/** More would let one SidecarSet hold up every Pod's creation; Kubernetes' own Pods stay far below. */
export const MAX_CONTAINERS = 256;

/**
 * Containers, init containers and volumes: by a SidecarSet's own rules and as parts of a Pod.
 *
 * @see `openkruise/kruise/pkg/webhook/sidecarset/validating/sidecarset_create_update_handler.go:validateContainersForSidecarSet`
 */
export function checkSidecars({ spec, input }: Subject): void {
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
