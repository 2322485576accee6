import { readSidecarSet } from "../../../lib/api/read.ts";
import type { Container } from "../../../lib/api/container.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_ENV,
} from "../../../lib/api/names.ts";
import type { Pod } from "../../../lib/api/pod.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import { injectedSidecarSets } from "../../../lib/core/annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { sidecarContainerNames } from "../../../lib/core/status/containers.ts";

/** The moment at which cases are judged; it stands for the `"T"` of the recorded results. */
export const NOW = new Date("2031-01-01T00:00:00Z");

/** A recorded SidecarSet carries defaults and hashes, so nothing is left to compute but whether it is valid. */
export function prepareRecorded(
  recorded: SidecarSet,
  revision: { readonly name: string },
): PreparedSidecarSet {
  const read = readSidecarSet(recorded);
  const { annotations = {}, name = "" } = recorded.metadata;
  return {
    name,
    sidecarSet: recorded,
    hash: annotations[HASH_ANNOTATION] ?? "",
    hashWithoutImage: annotations[HASH_WITHOUT_IMAGE_ANNOTATION] ?? "",
    revisionName: revision.name,
    problems: read.ok ? [] : read.problems,
  };
}

/**
 * The Pod with what the recorded ones lack although injection always leaves it: the mark on the containers of the
 * SidecarSets that its list names; and a uid, as the API server gives it.
 */
export function asInjected(pod: Pod, sidecarSet: SidecarSet): Pod {
  const { namespace = "", name = "" } = pod.metadata;
  const metadata = { ...pod.metadata, uid: pod.metadata.uid ?? `${namespace}/${name}` };
  if (!injectedSidecarSets(pod).includes(sidecarSet.metadata.name ?? "")) {
    return { ...pod, metadata };
  }
  const names = sidecarContainerNames(sidecarSet);
  for (const { name } of sidecarSet.spec.initContainers ?? []) names.add(name);
  const marked = (container: Container) =>
    names.has(container.name) ? withMark(container) : container;
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    metadata,
    spec: {
      ...pod.spec,
      containers: containers.map(marked),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(marked) }),
    },
  };
}

function withMark(container: Container): Container {
  const env = container.env?.filter(({ name }) => name !== INJECTED_ENV) ?? [];
  return { ...container, env: [...env, { name: INJECTED_ENV, value: "true" }] };
}
