import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../api/names.ts";
import type { Pod } from "../../api/pod.ts";
import { POD_PATCHES_ANNOTATION } from "../../core/annotations/pod_patches.ts";
import { asRecreated } from "../../core/cleanup/replacement.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { hasTrait, PodTrait } from "../../core/status/pod_class.ts";
import type { KnownCluster } from "../cluster/known_cluster.ts";
import { classOf } from "../pods/classes.ts";
import { examplePod } from "../pods/example_pod.ts";
import { outcomeOf } from "../pods/outcome.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { yamlDiff } from "../terminal/unified_diff.ts";

interface NewPodOptions {
  /** The cluster before and after the change. */
  readonly clusters: readonly [KnownCluster, KnownCluster];
  readonly pods: readonly Pod[];
  readonly excludedNamespaces: readonly string[];
  readonly now: Date;
  readonly terminal: Terminal;
}

/** The change for new Pods, shown with one example. */
export interface NewPodDiff {
  /** The existing Pod that the example copies, as `namespace/name`; absent for a simulated Pod. */
  readonly like?: string;
  /** Unified diff; empty without changes. */
  readonly diff: string;
  /** Skipped SidecarSets with the reason. */
  readonly skipped: readonly string[];
}

/** @returns undefined if no possible Pod is selected. */
export function newPodDiff(
  prepared: PreparedSidecarSet,
  { clusters, pods, excludedNamespaces, now, terminal }: NewPodOptions,
): NewPodDiff | undefined {
  const [before, after] = clusters;
  const selected = pods.find((pod) => {
    const podClass = classOf(pod, prepared, after);
    return hasTrait(podClass, PodTrait.Matched) || hasTrait(podClass, PodTrait.Uninjected);
  });
  const pod = selected
    ? asRecreated(selected)
    : examplePod(prepared, { cluster: after, excludedNamespaces });
  if (pod === undefined) return undefined;
  const subject = { title: "a new Pod", pod };
  const [was, becomes] = [before, after].map((cluster) =>
    outcomeOf(subject, { cluster, excludedNamespaces, now })
  );
  const skipped = becomes?.injection.skipped ?? [];
  const diff = yamlDiff([was && shown(was.pod), becomes && shown(becomes.pod)], {
    before: "new Pod before",
    after: "new Pod after",
    terminal,
  });
  return {
    ...(selected ? { like: `${selected.metadata.namespace}/${selected.metadata.name}` } : {}),
    diff,
    skipped: skipped.map(({ sidecarSet, reason, message }) =>
      `SidecarSet ${sidecarSet} would not be injected: ${message} (${reason})`
    ),
  };
}

/** Removes the hash annotations and the record of patches, which repeat what the containers show. */
function shown(pod: Pod): Pod {
  const {
    [HASH_ANNOTATION]: _hash,
    [HASH_WITHOUT_IMAGE_ANNOTATION]: _hashWithoutImage,
    [POD_PATCHES_ANNOTATION]: _patches,
    ...annotations
  } = pod.metadata.annotations ?? {};
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
