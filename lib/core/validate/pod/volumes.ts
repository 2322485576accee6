import type { Field } from "../field.ts";
import { checkDnsLabel } from "../syntax.ts";
import type { VolumeSources } from "./mounts.ts";
import { SOURCE_CHECKS } from "./volume_sources.ts";

/**
 * Volumes: unique names and exactly one valid source each.
 *
 * @returns the sources of those volumes that are valid.
 * @see `k8s.io/kubernetes/pkg/apis/core/validation/validation.go:ValidateVolumes`
 */
export function checkVolumes(volumes: readonly Field[]): VolumeSources {
  const sources = new Map<string, string>();
  const names = new Set<string>();
  for (const volume of volumes) {
    const before = volume.problemCount;
    const name = volume.member("name");
    checkDnsLabel(name);
    if (name.text() !== "" && names.has(name.text())) name.duplicate();
    names.add(name.text());
    const source = checkSource(volume);
    if (source !== undefined && volume.problemCount === before) sources.set(name.text(), source);
  }
  return sources;
}

/** An unknown source may be one of a newer Kubernetes version: it counts as a source and is not validated. */
function checkSource(volume: Field): string | undefined {
  const [first, ...others] = volume.entries()
    .filter(([key, value]) => key !== "name" && value.isSet)
    .map(([key]) => key);
  if (first === undefined) {
    volume.required("must have a source such as emptyDir");
    return undefined;
  }
  SOURCE_CHECKS.get(first)?.(volume.member(first));
  for (const other of others) {
    volume.member(other).forbidden(
      `must not be set together with ${first}: a volume has one source`,
    );
  }
  return first;
}
