import type { Field } from "../field.ts";
import { checkDescendingPath, checkNoBacksteps, checkOptionalOneOf } from "../syntax.ts";

/** Sources of the valid volumes by the volumes' names. */
export type VolumeSources = ReadonlyMap<string, string>;

const PROPAGATIONS = ["Bidirectional", "HostToContainer", "None"];
const RECURSIVE_READ_ONLY = ["Disabled", "Enabled", "IfPossible"];
/** Sources of volumes that can be block devices. */
const CLAIM_SOURCES = ["persistentVolumeClaim", "ephemeral"];

/**
 * Volume mounts and devices of a container: each names a volume of the SidecarSet, and no path is used twice.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateVolumeMounts`
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateVolumeDevices`
 */
export function checkMountsAndDevices(container: Field, volumes: VolumeSources): void {
  const mounts = container.member("volumeMounts").items();
  const devices = container.member("volumeDevices").items();
  checkMounts(mounts, { container, volumes, devices: usesOf(devices, "devicePath") });
  checkDevices(devices, { volumes, mounts: usesOf(mounts, "mountPath") });
}

interface Uses {
  readonly names: ReadonlySet<string>;
  readonly paths: ReadonlySet<string>;
}

function usesOf(items: readonly Field[], path: "mountPath" | "devicePath"): Uses {
  return {
    names: new Set(items.map((item) => item.member("name").text())),
    paths: new Set(items.map((item) => item.member(path).text())),
  };
}

function checkMounts(
  mounts: readonly Field[],
  { container, volumes, devices }: { container: Field; volumes: VolumeSources; devices: Uses },
): void {
  const privileged = container.member("securityContext").member("privileged").flag();
  const paths = new Set<string>();
  for (const mount of mounts) {
    const name = mount.member("name");
    checkVolumeName(name, volumes);
    if (devices.names.has(name.text())) name.invalid("must not be in volumeDevices too");

    const path = mount.member("mountPath");
    if (path.text() === "") path.required();
    if (paths.has(path.text())) path.invalid("must be unique in the container");
    if (devices.paths.has(path.text())) path.invalid("must not be a path of volumeDevices too");
    paths.add(path.text());

    checkSubPaths(mount);
    const propagation = mount.member("mountPropagation");
    checkOptionalOneOf(propagation, PROPAGATIONS);
    if (propagation.text() === "Bidirectional" && !privileged) {
      propagation.forbidden("must not be Bidirectional unless the container is privileged");
    }
    checkRecursiveReadOnly(mount);
  }
}

function checkSubPaths(mount: Field): void {
  const subPath = mount.member("subPath");
  const subPathExpr = mount.member("subPathExpr");
  checkDescendingPath(subPath);
  checkDescendingPath(subPathExpr);
  if (subPath.text() !== "" && subPathExpr.text() !== "") {
    subPathExpr.invalid("must not be set together with subPath");
  }
}

/** @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:validateMountRecursiveReadOnly` */
function checkRecursiveReadOnly(mount: Field): void {
  const recursive = mount.member("recursiveReadOnly");
  checkOptionalOneOf(recursive, RECURSIVE_READ_ONLY);
  if (!["Enabled", "IfPossible"].includes(recursive.text())) return;
  if (!mount.member("readOnly").flag()) {
    recursive.forbidden("must not be set unless readOnly is true");
  }
  if (!["", "None"].includes(mount.member("mountPropagation").text())) {
    recursive.forbidden("must not be set unless mountPropagation is None");
  }
}

function checkDevices(
  devices: readonly Field[],
  { volumes, mounts }: { volumes: VolumeSources; mounts: Uses },
): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const device of devices) {
    const name = device.member("name");
    checkVolumeName(name, volumes);
    const source = volumes.get(name.text());
    if (source !== undefined && !CLAIM_SOURCES.includes(source)) {
      name.invalid(`must name a volume whose source is one of ${CLAIM_SOURCES.join(", ")}`);
    }
    if (names.has(name.text())) name.invalid("must be unique in the container");
    if (mounts.names.has(name.text())) name.invalid("must not be in volumeMounts too");
    if (name.text() !== "") names.add(name.text());

    const path = device.member("devicePath");
    if (path.text() === "") path.required();
    if (paths.has(path.text())) path.invalid("must be unique in the container");
    if (mounts.paths.has(path.text())) path.invalid("must not be a path of volumeMounts too");
    checkNoBacksteps(path);
    paths.add(path.text());
  }
}

function checkVolumeName(name: Field, volumes: VolumeSources): void {
  if (name.text() === "") name.required();
  if (volumes.has(name.text())) return;
  name.notFound(
    "must name a valid volume of spec.volumes: define it there, volumes of Pods do not count",
  );
}
