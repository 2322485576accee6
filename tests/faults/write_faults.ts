import type { RequestOptions } from "../../lib/kube/contract.ts";
import type { Fault } from "./stored_cluster.ts";

/** Numbers between 0 and 1 that are the same in every run (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A share of the writes fails, in each of the ways in which writes fail. */
export function faults(seed: number, share = 0.1): (options: RequestOptions) => Fault {
  const random = numbers(seed);
  const ways: Fault[] = [
    { httpCode: 409 },
    { httpCode: 429 },
    { httpCode: 500 },
    { lost: "before" },
    { lost: "after" },
  ];
  return () => random() < share ? ways[Math.floor(random() * ways.length)] : undefined;
}
