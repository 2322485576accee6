import { testCases, validContainer, validSidecarSet } from "./fixtures.ts";

const hot = { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "registry.test/empty:1" };
const old = validSidecarSet();
const operation = "UPDATE";

testCases([
  ["allows another image on update", { "spec/containers/0/image": "registry.test/agent:2" }, [], {
    operation,
    old,
  }],
  [
    "allows another container on update",
    { "spec/containers/1": validContainer({ name: "b" }) },
    [],
    {
      operation,
      old,
    },
  ],
  ["allows another name on update", { "spec/containers/0/name": "b" }, [], { operation, old }],
  ["refuses another upgrade type on update", { "spec/containers/0/upgradeStrategy": hot }, [
    "Invalid spec.containers[0].upgradeStrategy.upgradeType",
  ], { operation, old }],
  ["allows a first upgrade type on update", { "spec/containers/0/upgradeStrategy": hot }, [], {
    operation,
    old: validSidecarSet({ "spec/containers/0/upgradeStrategy": {} }),
  }],
  ["does not take its own stored copy for another SidecarSet", {}, [], {
    operation,
    old,
    others: [old],
  }],
]);
