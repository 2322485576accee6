import { CANARY_ANNOTATION, CANARY_BASE_ANNOTATION } from "../../../lib/api/names.ts";
import { type Changes, testCases, validSidecarSet } from "./fixtures.ts";

const FLAG = `metadata.annotations[${CANARY_ANNOTATION}]`;
const BASE = `metadata.annotations[${CANARY_BASE_ANNOTATION}]`;

function canaryOf(base: string, more: Changes = {}): Changes {
  return {
    "metadata/annotations": { [CANARY_ANNOTATION]: "true", [CANARY_BASE_ANNOTATION]: base },
    "spec/updateStrategy/type": "NotUpdate",
    ...more,
  };
}

const base = validSidecarSet({ "metadata/name": "base" });
const ownCanary = validSidecarSet(canaryOf("mesh", { "metadata/name": "canary" }));
const others = [base];

testCases([
  ["allows a canary of an existing SidecarSet", canaryOf("base"), [], { others }],
  ["takes another flag than true for no canary", {
    "metadata/annotations": { [CANARY_ANNOTATION]: "yes", [CANARY_BASE_ANNOTATION]: "absent" },
  }, []],
  ["refuses a canary of itself", canaryOf("mesh"), [`Invalid ${BASE}`]],
  ["refuses a canary of a SidecarSet that does not exist", canaryOf("absent"), [`Invalid ${BASE}`]],
  ["refuses a canary of a canary", canaryOf("canary"), [`Invalid ${BASE}`], {
    others: [validSidecarSet(canaryOf("base", {
      "metadata/name": "canary",
      "spec/containers/0/name": "other",
    }))],
  }],
  ["refuses a canary that has a canary", canaryOf("base"), [`Invalid ${FLAG}`], {
    others: [base, ownCanary],
  }],
  [
    "refuses a canary that updates running Pods",
    canaryOf("base", {
      "spec/updateStrategy/type": "RollingUpdate",
    }),
    [`Invalid ${FLAG}`],
    { others },
  ],
  ["allows an update of a canary", canaryOf("base"), [], {
    operation: "UPDATE",
    others,
    old: validSidecarSet(canaryOf("base")),
  }],
  ["refuses another base on update", canaryOf("base"), [`Invalid ${BASE}`], {
    operation: "UPDATE",
    others,
    old: validSidecarSet(canaryOf("before")),
  }],
  ["refuses to make a canary of a SidecarSet", canaryOf("base"), [`Invalid ${BASE}`], {
    operation: "UPDATE",
    others,
    old: validSidecarSet(),
  }],
  [
    "refuses to put the flag on a SidecarSet that has the base annotation already",
    canaryOf("base"),
    [`Invalid ${BASE}`],
    {
      operation: "UPDATE",
      others,
      old: validSidecarSet({ "metadata/annotations": { [CANARY_BASE_ANNOTATION]: "base" } }),
    },
  ],
  ["allows an update of a SidecarSet that has a canary", {}, [], {
    operation: "UPDATE",
    old: validSidecarSet(),
    others: [ownCanary],
  }],
  [
    "refuses a second canary of one base with the same containers",
    canaryOf("base"),
    ["Invalid spec.containers[0].name"],
    {
      others: [base, validSidecarSet(canaryOf("base", { "metadata/name": "canary" }))],
    },
  ],
]);
