import type { Pod } from "../../api/pod.ts";
import {
  type Amount,
  amountOf,
  podTotal,
  subtractQuantities,
  ZERO,
} from "../quantity/arithmetic.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../quantity/quantity.ts";

/** An amount that exceeds a limit: requested, used by others, and allowed. */
interface Excess extends Amount {
  readonly asked: Quantity;
  readonly used: Quantity;
  readonly most: Quantity;
}

const QUOTA = /\bexceeded quota: \S+, requested: (\S+), used: (\S+), limited: (\S+)/;
/** Errors of `validatePodResourceConsistency` about a Pod's own requests and limits. */
const POD_AGGREGATE = new RegExp(
  /\bspec\.resources\.(?:requests|limits)\[([^\]]+)\]: Invalid value: "([^"]*)": /.source +
    /must be greater than or equal to aggregate container (request|limit)s of ([^\s,\]]+)/.source,
  "g",
);
/** The same for a Pod request that the API server computed from the containers. */
const POD_REQUEST = new RegExp(
  /\bspec\.resources\.requests: Invalid value: "([^"]*)": /.source +
    /must be (?:less than or )?equal to (\S+) limit of ([^\s,\]]+)/.source,
  "g",
);
const POD_LIMIT = /\bmaximum (\S+) usage per Pod is ([^\s,]+), but (request|limit) is ([^\s,\]]+)/g;
const CONTAINER_LIMIT =
  /\b(?:maximum|minimum) (\S+) usage per Container is [^\s,]+, but (request|limit) is ([^\s,\]]+)/g;

/**
 * Added containers without which the Pod would stay within a ResourceQuota, a LimitRange for Pods, or its own
 * resources. Only if the dry run has the same amounts as the refused Pod; otherwise another client changed them.
 */
export function excessiveContainers(
  text: string,
  { before, after }: { readonly before: Pod; readonly after: Pod },
): string[] {
  const excesses = [
    ...quotaExcesses(text),
    ...podLimitExcesses(text),
    ...podAggregateExcesses(text),
    ...podRequestExcesses(text),
  ];
  const isByAddition = excesses.every((excess) =>
    compareQuantities(podTotal(after.spec, excess), excess.asked) === 0 &&
    compareQuantities(
        podTotal(before.spec, excess),
        subtractQuantities(excess.most, excess.used),
      ) <= 0
  );
  if (!isByAddition) return [];
  const own = new Set(allContainers(before).map(({ name }) => name));
  return allContainers(after)
    .filter((container) =>
      excesses.some((excess) => (amountOf(container, excess)?.nanos ?? 0n) > 0n)
    )
    .map(({ name }) => name)
    .filter((name) => !own.has(name));
}

/**
 * Added containers with the amount that a LimitRange for containers refuses. Only if none of the Pod's own
 * containers has that amount.
 */
export function containersOutOfRange(
  text: string,
  { before, after }: { readonly before: Pod; readonly after: Pod },
): string[] {
  return [...text.matchAll(CONTAINER_LIMIT)].flatMap(([, resource = "", word, value = ""]) => {
    const refused = parseQuantity(value);
    if (refused === undefined) return [];
    const namesIn = (pod: Pod) =>
      allContainers(pod).filter((container) => {
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
    ([, resource = "", max = "", word, value = ""]) =>
      excessOf({ list: listOf(word), resource }, { max, value }),
  );
}

function podAggregateExcesses(text: string): Excess[] {
  return [...text.matchAll(POD_AGGREGATE)].flatMap((
    [, resource = "", max = "", word, value = ""],
  ) => excessOf({ list: listOf(word), resource }, { max, value }));
}

function podRequestExcesses(text: string): Excess[] {
  return [...text.matchAll(POD_REQUEST)].flatMap(([, value = "", resource = "", max = ""]) =>
    excessOf({ list: "requests", resource }, { max, value })
  );
}

function excessOf(amount: Amount, { max, value }: { max: string; value: string }): Excess[] {
  const [most, asked] = [parseQuantity(max), parseQuantity(value)];
  return most === undefined || asked === undefined ? [] : [{ ...amount, asked, used: ZERO, most }];
}

function allContainers({ spec: { containers, initContainers = [] } }: Pod) {
  return [...containers, ...initContainers];
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
