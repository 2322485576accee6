import type { Change } from "../../lib/index/changes.ts";
import type { ClusterIndex } from "../../lib/index/cluster.ts";

/** The changes that an index publishes meanwhile. */
export function changesBy(index: ClusterIndex, act: () => void): Change[] {
  const changes: Change[] = [];
  let isOver = false;
  index.changes.subscribe((change) => {
    if (!isOver) changes.push(change);
  });
  act();
  isOver = true;
  return changes;
}

/** Names of the SidecarSets that these changes concern, in alphabetical order. */
export function changedBy(index: ClusterIndex, act: () => void): string[] {
  const names = changesBy(index, act).flatMap((change) => [
    ...change.sidecarSets,
    ...(change.kind === "sidecarset" ? [change.name] : []),
  ]);
  return [...new Set(names)].toSorted();
}
