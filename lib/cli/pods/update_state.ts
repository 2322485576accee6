import type { Pod } from "../../api/pod.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { upgradability } from "../../core/rollout/upgradable.ts";
import { hasMainEnded } from "../../core/status/main_containers.ts";
import { recordOf } from "../../core/status/record.ts";
import { strippedPart } from "../../core/status/stripped.ts";

/** How an injected Pod stands to the current revision of a SidecarSet. */
export interface UpdateState {
  readonly state:
    | "UpToDate"
    | "Completed"
    | "Upgradable"
    | "InFlight"
    | "NotUpgradable"
    | "Stripped";
  /** What comes next. */
  readonly message: string;
}

/** Compares what an injected Pod records with the SidecarSet as it is now. */
export function updateStateOf(pod: Pod, prepared: PreparedSidecarSet): UpdateState {
  const stripped = strippedPart(pod, prepared);
  if (stripped !== undefined) {
    return {
      state: "Stripped",
      message: `${stripped}: let that webhook leave injected containers as they are, ` +
        "and recreate the Pod",
    };
  }
  if (recordOf(pod, prepared.name).full?.hash === prepared.hash) {
    return { state: "UpToDate", message: "it has the current revision" };
  }
  if (hasMainEnded(pod)) {
    return { state: "Completed", message: "its main containers have ended, so it stays as it is" };
  }
  const found = upgradability(pod, prepared);
  switch (found.kind) {
    case "Upgradable":
      return { state: found.kind, message: "only images differ, which can be changed in place" };
    case "InFlight":
      return {
        state: found.kind,
        message: `an earlier change of container ${found.container} is not done yet`,
      };
    case "NotUpgradable":
      return {
        state: found.kind,
        message: `not upgradable in place: ${found.message}; recreate the Pod`,
      };
  }
}
