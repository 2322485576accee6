import type { Leadership } from "../../lib/controller/leadership.ts";

/** Leadership without another candidate. */
export const leader: Leadership = { isLeader: () => true, exclusiveFor: () => 15_000 };
