import { testReplicas } from "../support/availability.ts";

Deno.test("2 replicas of the controller", (t) => testReplicas(t, 2));
