import { testReplicas } from "../support/availability.ts";

Deno.test("3 replicas of the controller", (t) => testReplicas(t, 3));
