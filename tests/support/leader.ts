import type { Leadership } from "../../lib/controller/leadership.ts";

/** Of a process that nobody contests. */
export const leader: Leadership = { isLeader: () => true, exclusiveFor: () => 15_000 };
