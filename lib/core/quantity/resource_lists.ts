import type { ObservedContainer } from "../observed_pod.ts";
import { ownMember } from "../../api/json.ts";
import type { ResourceList, ResourceLists } from "../../api/container.ts";
import { type AmountList, quantityOf } from "./arithmetic.ts";

export type Resources = NonNullable<ObservedContainer["resources"]>;

export const AMOUNT_LISTS: readonly AmountList[] = ["requests", "limits"];

/**
 * Resources as the API server stores them: an absent request equals the limit.
 *
 * @see `k8s.io/kubernetes/pkg/apis/core/v1/defaults.go:SetDefaults_Pod`
 */
export function effectiveResources(resources: Resources | undefined): ResourceLists {
  const { requests = {}, limits = {} } = resources ?? {};
  return { requests: { ...limits, ...requests }, limits };
}

/** Whether a container's resources have all of these amounts; other ones do not matter. */
export function hasAmounts(resources: Resources | undefined, expected: ResourceLists): boolean {
  return AMOUNT_LISTS.every((list) =>
    Object.entries(expected[list] ?? {}).every(([name, value]) =>
      isSameAmount(amountIn(resources?.[list], name), value)
    )
  );
}

function amountIn(list: ResourceList | undefined, name: string): string | number | undefined {
  return ownMember(list, name);
}

/** Whether two quantities are the same amount in any notation. */
export function isSameAmount(left: unknown, right: unknown): boolean {
  const [a, b] = [quantityOf(left), quantityOf(right)];
  return a !== undefined && a.nanos === b?.nanos;
}
