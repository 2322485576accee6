import { testCases } from "./fixtures.ts";

const live = { matchLabels: { env: "live" } };

testCases([
  ["requires a selector", { "spec/selector": undefined }, ["Required spec.selector"]],
  ["refuses an empty selector", { "spec/selector": {} }, ["Invalid spec.selector"]],
  ["allows an empty selector with a namespaceSelector", {
    "spec/selector": {},
    "spec/namespaceSelector": live,
  }, []],
  ["refuses an empty selector with a namespace alone", {
    "spec/selector": {},
    "spec/namespace": "shop",
  }, ["Invalid spec.selector"]],
  ["allows an empty selector with a namespace and a namespaceSelector", {
    "spec/selector": {},
    "spec/namespace": "shop",
    "spec/namespaceSelector": live,
  }, []],
  ["refuses an empty namespaceSelector", { "spec/namespaceSelector": {} }, [
    "Invalid spec.namespaceSelector",
  ]],
  ["refuses two empty selectors", { "spec/selector": {}, "spec/namespaceSelector": {} }, [
    "Invalid spec.selector",
    "Invalid spec.namespaceSelector",
  ]],
  ["allows namespace and namespaceSelector together", {
    "spec/namespace": "shop",
    "spec/namespaceSelector": live,
  }, []],
  ["refuses a namespace that is no name", { "spec/namespace": "Shop" }, ["Invalid spec.namespace"]],
  ["refuses a label value that no Pod can have", { "spec/selector/matchLabels/app": "no good" }, [
    "Invalid spec.selector.matchLabels",
  ]],
  ["refuses an operator that is none", {
    "spec/selector/matchExpressions": [{ key: "a", operator: "Like", values: ["b"] }],
  }, ["NotSupported spec.selector.matchExpressions[0].operator"]],
  ["refuses a selector that is no object", { "spec/selector": "app=web" }, [
    "TypeInvalid spec.selector",
  ]],
]);
