import type { Pod, PodSpec } from "../../../lib/api/pod.ts";
import type { SidecarSetSpec } from "../../../lib/api/sidecarset.ts";
import type { InjectRequest } from "../../../lib/core/inject/contract.ts";
import { prepareSidecarSet } from "../../../lib/core/defaults/prepare.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import { selectsPod } from "../../../lib/core/select/pod_selection.ts";

interface Overrides {
  readonly annotations?: Record<string, string>;
  readonly revisionName?: string;
}

/** A SidecarSet for Pods labelled `app: web`, prepared. */
export function prepared(
  name: string,
  spec: SidecarSetSpec,
  { annotations = {}, revisionName = "" }: Overrides = {},
): PreparedSidecarSet {
  const read = prepareSidecarSet({
    metadata: { name, annotations },
    spec: { selector: { matchLabels: { app: "web" } }, ...spec },
  }, { revisionName });
  if (!read.ok) throw new Error(`Cannot prepare ${name}: ${JSON.stringify(read.problems)}`);
  return read.value;
}

/** A Pod with one container `main`, and what `spec` says instead. */
export function podWith(
  spec: Partial<PodSpec> = {},
  annotations?: Record<string, string>,
): Pod {
  return {
    metadata: {
      name: "web-0",
      namespace: "shop",
      labels: { app: "web" },
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: { containers: [{ name: "main", image: "shop:7" }], ...spec },
  };
}

/** A request with nothing unusual about it. */
export function requestFor(
  pod: Pod,
  selecting: readonly PreparedSidecarSet[],
  more: Partial<InjectRequest> = {},
): InjectRequest {
  const namespace = { name: "shop", labels: {} };
  return {
    pod,
    selecting,
    match: (labels) =>
      selecting.filter(({ sidecarSet }) => selectsPod(sidecarSet.spec, { labels, namespace })),
    namespace,
    revisionsOf: () => [],
    sharesOf: () => ({ matched: 0, pinned: 0 }),
    now: new Date("2026-01-02T03:04:05.678Z"),
    ...more,
  };
}

/** The value itself, frozen at every depth, so that a change of it throws. */
export function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}
