import { isObject } from "../../api/json.ts";
import { withoutNulls } from "../../api/read.ts";
import { changeEach, changeObject, fillAbsent, type JsonRecord } from "./fill.ts";
import { applyDefaults } from "./sidecarset.ts";

/**
 * The SidecarSet with all defaults of the CustomResourceDefinition and the defaulting webhook. Files and old
 * revisions have passed neither, and every reader must see the same object.
 *
 * @param value any JSON; nulls count as absent, and parts of another type stay as they are
 * @returns the same reference if nothing is missing; the input is never changed
 */
export function completeSidecarSet(value: unknown): unknown {
  const cleaned = withoutNulls(value);
  return isObject(cleaned) ? applyDefaults(applySchemaDefaults(cleaned)) : cleaned;
}

/** Defaults in the CustomResourceDefinition's schema that the webhook does not set. */
function applySchemaDefaults(sidecarSet: JsonRecord): JsonRecord {
  return changeObject(sidecarSet, {
    field: "spec",
    change: (spec) =>
      changeEach(changeEach(spec, { field: "containers", change: targetsAll }), {
        field: "initContainers",
        change: targetsAll,
      }),
  });
}

function targetsAll(container: JsonRecord): JsonRecord {
  return changeObject(container, {
    field: "resourcesPolicy",
    change: (policy) => fillAbsent(policy, { targetContainersNameRegex: ".*" }),
  });
}
