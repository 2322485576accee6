import type { Container } from "../../api/container.ts";
import type { Pod } from "../../api/pod.ts";
import { addQuantities, subtractQuantities } from "../quantity/arithmetic.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity/quantity.ts";
import { isNativeSidecar, runningContainers } from "../status/sidecars.ts";

/** One amount that is too much: what the Pod asks for, what others use already, and what may be used in all. */
interface Excess {
  readonly list: "requests" | "limits";
  readonly resource: string;
  readonly asked: Quantity;
  readonly used: Quantity;
  readonly most: Quantity;
}

const ZERO: Quantity = { nanos: 0n, format: "DecimalSI" };
const QUOTA = /\bexceeded quota: \S+, requested: (\S+), used: (\S+), limited: (\S+)/;
const POD_LIMIT = /\bmaximum (\S+) usage per Pod is ([^\s,]+), but (request|limit) is ([^\s,\]]+)/g;
const CONTAINER_LIMIT =
  /\b(?:maximum|minimum) (\S+) usage per Container is [^\s,]+, but (request|limit) is ([^\s,\]]+)/g;

/**
 * Names of the added containers without which amounts that the API server calls too much would not be: by a ResourceQuota or a LimitRange on
 * Pods. Only where the dry run comes to the very amounts that were asked for, so that nobody else has changed them.
 */
export function excessiveContainers(
  text: string,
  { before, after }: { readonly before: Pod; readonly after: Pod },
): string[] {
  const excesses = [...quotaExcesses(text), ...podLimitExcesses(text)];
  const isByAddition = excesses.every((excess) => {
    const [own, all] = [before, after].map((pod) => totalOf(pod, excess));
    return own !== undefined && all !== undefined && compareQuantities(all, excess.asked) === 0 &&
      compareQuantities(own, subtractQuantities(excess.most, excess.used)) <= 0;
  });
  if (!isByAddition) return [];
  const own = new Set(runningContainers(before).map(({ name }) => name));
  return runningContainers(after)
    .filter((container) =>
      excesses.some((excess) => (amountOf(container, excess)?.nanos ?? 0n) > 0n)
    )
    .map(({ name }) => name)
    .filter((name) => !own.has(name));
}

/**
 * Names of the added containers with the amounts that the API server calls too much or too little for one container, by a LimitRange on
 * containers. Only where none of the Pod's own has such an amount.
 */
export function containersOutOfRange(
  text: string,
  { before, after }: { readonly before: Pod; readonly after: Pod },
): string[] {
  return [...text.matchAll(CONTAINER_LIMIT)].flatMap(([, resource = "", word, value = ""]) => {
    const refused = parseQuantity(value);
    if (refused === undefined) return [];
    const namesIn = (pod: Pod) =>
      [...pod.spec.containers, ...pod.spec.initContainers ?? []].filter((container) => {
        const amount = amountOf(container, { list: listOf(word), resource });
        return amount !== undefined && compareQuantities(amount, refused) === 0;
      }).map(({ name }) => name);
    return namesIn(before).length > 0 ? [] : namesIn(after);
  });
}

function quotaExcesses(text: string): Excess[] {
  const [, requested = "", used = "", limited = ""] = QUOTA.exec(text) ?? [];
  const [uses, limits] = [amountsOf(used), amountsOf(limited)];
  return [...amountsOf(requested)].map(([key, asked]) => {
    const [first = "", ...rest] = key.split(".");
    const isQualified = first === "requests" || first === "limits";
    return {
      list: first === "limits" ? "limits" : "requests",
      resource: isQualified ? rest.join(".") : key,
      asked,
      used: uses.get(key) ?? ZERO,
      most: limits.get(key) ?? ZERO,
    };
  });
}

function podLimitExcesses(text: string): Excess[] {
  return [...text.matchAll(POD_LIMIT)].flatMap(
    ([, resource = "", max = "", word, value = ""]) => {
      const [most, asked] = [parseQuantity(max), parseQuantity(value)];
      if (most === undefined || asked === undefined) return [];
      return [{
        list: listOf(word),
        resource,
        asked,
        used: ZERO,
        most,
      }];
    },
  );
}

/** `requests.cpu=600m,pods=1` by its keys. */
function amountsOf(text: string): Map<string, Quantity> {
  return new Map(
    text.split(",").flatMap((part) => {
      const [key = "", value = ""] = part.split("=");
      const amount = parseQuantity(value);
      return amount === undefined ? [] : [[key, amount] as const];
    }),
  );
}

function listOf(word: string | undefined): Excess["list"] {
  return word === "limit" ? "limits" : "requests";
}

/** What the containers that keep running ask for together; undefined where it cannot be told, as with plain init containers. */
function totalOf(pod: Pod, kind: Pick<Excess, "list" | "resource">): Quantity | undefined {
  if (!(pod.spec.initContainers ?? []).every(isNativeSidecar)) return undefined;
  return runningContainers(pod).reduce<Quantity | undefined>((sum, container) => {
    const amount = amountOf(container, kind);
    return sum && amount && addQuantities(sum, amount);
  }, ZERO);
}

/** As for the API server, a request that is absent is the limit. */
function amountOf(
  { resources }: Container,
  { list, resource }: Pick<Excess, "list" | "resource">,
): Quantity | undefined {
  const value = resources?.[list]?.[resource] ??
    (list === "requests" ? resources?.limits?.[resource] : undefined);
  return value === undefined ? ZERO : parseQuantity(value);
}
