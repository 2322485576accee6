import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../api/json.ts";
import { type SidecarSetStatus, sidecarSetStatus } from "../../api/sidecarset_status.ts";
import { CONDITIONS } from "../condition_reasons.ts";

const OWN_FIELDS = Object.keys(sidecarSetStatus.shape);

/**
 * Whether another client changed members of a status that this program wrote. Fields and conditions of other
 * clients are ignored.
 *
 * @param kept what the API server stored of the write
 */
export function isStatusOverwritten(
  status: SidecarSetStatus | undefined,
  kept: Readonly<Record<string, unknown>>,
): boolean {
  return OWN_FIELDS.some((key) =>
    key === "conditions"
      ? !isDeepStrictEqual(ownConditions(status?.conditions), ownConditions(kept.conditions))
      : !isDeepStrictEqual(status?.[key], kept[key])
  );
}

/** By type, as the order is irrelevant. */
function ownConditions(conditions: unknown): Map<string, unknown> {
  const own = new Map<string, unknown>();
  for (const condition of Array.isArray(conditions) ? conditions : []) {
    const type = isObject(condition) ? String(condition.type) : "";
    if (Object.hasOwn(CONDITIONS, type)) own.set(type, condition);
  }
  return own;
}
