import type { Container } from "../../api/container.ts";
import type { PodSpec } from "../../api/pod.ts";
import { compareQuantities, formatQuantity, type Quantity } from "../quantity/quantity.ts";
import { type AmountList, podTotal, quantityOf } from "../quantity/arithmetic.ts";
import { member } from "./fields.ts";

type Amounts = ReadonlyMap<string, Quantity>;
type Containers = Pick<PodSpec, "containers" | "initContainers">;

/** One resource that does not fit into what the Pod itself asks for or allows. */
interface PodLevelExcess {
  readonly resource: string;
  /** A sentence without a remedy. */
  readonly message: string;
}

/** The resources that the API server defaults at Pod level, apart from huge pages. */
const OVERCOMMITTED = ["cpu", "memory"];
const HUGE_PAGES = "hugepages-";

/**
 * Why the API server refuses a Pod for its own `spec.resources`: one entry per conflict of one resource. The API
 * server fills in absent amounts from the containers before it compares: before calling webhooks up to 1.36,
 * afterwards since 1.37.
 *
 * @see `k8s.io/kubernetes/pkg/api/pod/util.go:DefaultPodLevelResources`,
 * `k8s.io/kubernetes/pkg/apis/core/validation:validatePodResources`
 */
export function podLevelExcesses(
  resources: PodSpec["resources"],
  containers: Containers,
): ReadonlyMap<string, PodLevelExcess> {
  const written = {
    requests: amountsIn(resources, "requests"),
    limits: amountsIn(resources, "limits"),
  };
  if (written.requests.size === 0 && written.limits.size === 0) return new Map();
  const limits = withHugePageLimits(written, containers);
  const requests = withRequests({ requests: written.requests, limits }, containers);
  return new Map([
    ...[...requests].flatMap(([resource, request]) =>
      requestExcesses({ resource, request, limit: limits.get(resource) }, containers)
    ),
    ...[...limits].flatMap(([resource, limit]) => limitExcesses({ resource, limit }, containers)),
  ]);
}

type KeyedExcess = readonly [key: string, excess: PodLevelExcess];

/** The request against what the containers request, and against the limit. */
function requestExcesses(
  { resource, request, limit }: {
    resource: string;
    request: Quantity;
    limit: Quantity | undefined;
  },
  containers: Containers,
): KeyedExcess[] {
  const excesses: KeyedExcess[] = [];
  const asked = podTotal(containers, { list: "requests", resource });
  if (exceeds(asked, request)) {
    excesses.push(tooMuch({ asked, resource, list: "requests", most: request }));
  }
  if (limit === undefined) {
    if (isHugePages(resource) && !allHaveLimit(containers, resource)) {
      const message =
        `the Pod's own spec.resources.requests have ${resource}, for which a container ` +
        "without such a limit leaves the Pod without a limit";
      excesses.push([`limits ${resource}`, { resource, message }]);
    }
  } else if (exceeds(request, limit) || (isHugePages(resource) && exceeds(limit, request))) {
    // Only a request that was computed from the containers grows with a sidecar.
    excesses.push(tooMuch({ asked: request, resource, list: "limits", most: limit }));
  }
  return excesses;
}

/** The limit against those of the containers, of huge pages together, of everything else one by one. */
function limitExcesses(
  { resource, limit }: { resource: string; limit: Quantity },
  containers: Containers,
): KeyedExcess[] {
  const excesses: KeyedExcess[] = [];
  const together = podTotal(containers, { list: "limits", resource });
  if (isHugePages(resource) && exceeds(together, limit)) {
    excesses.push(tooMuch({ asked: together, resource, list: "limits", most: limit }));
  }
  for (const { name, resources } of containers.containers) {
    const own = quantityOf(resources?.limits?.[resource]);
    if (own === undefined || !exceeds(own, limit)) continue;
    const message = `the ${resource} limit of container ${name} is ${formatQuantity(own)}, more ` +
      `than the Pod's own spec.resources.limits, ${formatQuantity(limit)}`;
    excesses.push([`limits ${resource} of ${name}`, { resource, message }]);
  }
  return excesses;
}

function amountsIn(resources: PodSpec["resources"], list: AmountList): Amounts {
  return new Map(
    Object.entries(member(resources, list)).flatMap(([resource, value]) => {
      const amount = quantityOf(value);
      return amount === undefined ? [] : [[resource, amount] as const];
    }),
  );
}

/** `defaultHugePagePodLevelLimits` */
function withHugePageLimits(
  { requests, limits }: { requests: Amounts; limits: Amounts },
  containers: Containers,
): Amounts {
  const all = new Map(limits);
  for (const resource of hugePagesOf(containers)) {
    if (requests.has(resource) || all.has(resource)) continue;
    all.set(resource, podTotal(containers, { list: "limits", resource }));
  }
  return all;
}

function hugePagesOf({ containers, initContainers = [] }: Containers): ReadonlySet<string> {
  const names = [...containers, ...initContainers].flatMap(({ resources }) =>
    Object.keys(resources?.limits ?? {})
  );
  return new Set(names.filter(isHugePages));
}

/** `defaultPodLevelRequests` */
function withRequests(
  { requests, limits }: { requests: Amounts; limits: Amounts },
  containers: Containers,
): Amounts {
  const all = new Map(requests);
  for (const resource of OVERCOMMITTED) {
    const requested = podTotal(containers, { list: "requests", resource });
    if (!all.has(resource) && requested.nanos > 0n) all.set(resource, requested);
  }
  for (const [resource, limit] of limits) if (!all.has(resource)) all.set(resource, limit);
  return all;
}

/** `aggregateContainerLimits` gives the Pod a limit only then. */
function allHaveLimit({ containers, initContainers = [] }: Containers, resource: string): boolean {
  return [...containers, ...initContainers].every(({ resources }: Container) =>
    resources?.limits?.[resource] !== undefined
  );
}

function isHugePages(resource: string): boolean {
  return resource.startsWith(HUGE_PAGES);
}

function exceeds(amount: Quantity, most: Quantity): boolean {
  return compareQuantities(amount, most) > 0;
}

function tooMuch(
  { asked, resource, list, most }: {
    asked: Quantity;
    resource: string;
    list: AmountList;
    most: Quantity;
  },
): KeyedExcess {
  const message = `the Pod's containers would request ${formatQuantity(asked)} of ${resource}, ` +
    `more than its own spec.resources.${list}, ${formatQuantity(most)}`;
  return [`${list} ${resource}`, { resource, message }];
}
