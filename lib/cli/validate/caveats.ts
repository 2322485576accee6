import type { KnownCluster } from "../cluster/known_cluster.ts";
import { type Finding, findingOf } from "../files/findings.ts";
import type { Manifest } from "../files/manifests.ts";
import { outcomeOf } from "../pods/outcome.ts";
import { podSubjectOf } from "../pods/targets.ts";

/**
 * What to know of the SidecarSets in the Pods and workloads of the files, such as a Job that cannot end before a sidecar. Whether the API server
 * takes those Pods is not looked at.
 */
export function caveatFindings(
  manifests: readonly Manifest[],
  { cluster, now }: { cluster: KnownCluster; now: Date },
): Finding[] {
  return manifests.flatMap((manifest) => {
    const { object, apiVersion, kind } = manifest;
    const subject = podSubjectOf({ ...object, apiVersion, kind });
    if (subject === undefined) return [];
    const { injection } = outcomeOf(subject, { cluster, excludedNamespaces: [], now });
    return (injection.caveats ?? []).map(({ sidecarSet, message }) =>
      findingOf(manifest, {
        severity: "warning",
        field: "",
        reason: "FieldValueInvalid",
        message: `with SidecarSet ${sidecarSet}: ${message}`,
      })
    );
  });
}
