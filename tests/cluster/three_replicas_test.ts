import { testReplicas } from "../support/availability.ts";

testReplicas(3);
