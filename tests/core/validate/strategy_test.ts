import { type Case, testCases } from "./fixtures.ts";

const PATH = "spec/updateStrategy";
const FIELD = "spec.updateStrategy";

const counts: [unknown, boolean][] = [
  [0, true],
  [1000, true],
  ["0%", true],
  ["05%", true],
  ["150%", true],
  [-1, false],
  [1.5, false],
  [2 ** 31, false],
  ["5", false],
  ["-5%", false],
  ["1.5%", false],
  ["%", false],
  ["", false],
  ["abc", false],
  [true, false],
];

testCases([
  ...counts.flatMap(([value, isValid]): Case[] =>
    ["partition", "maxUnavailable"].map((name) => [
      `${isValid ? "allows" : "refuses"} ${name} ${JSON.stringify(value)}`,
      { [`${PATH}/${name}`]: value },
      isValid ? [] : [`Invalid ${FIELD}.${name}`],
    ])
  ),
  ["refuses a type that is none", { [`${PATH}/type`]: "rollingUpdate" }, [
    `NotSupported ${FIELD}.type`,
  ]],
  ["checks the strategy of NotUpdate too", {
    [`${PATH}/type`]: "NotUpdate",
    [`${PATH}/partition`]: "abc",
  }, [`Invalid ${FIELD}.partition`]],
  ["refuses selector together with partition", {
    [`${PATH}/selector`]: { matchLabels: { a: "b" } },
    [`${PATH}/partition`]: 1,
  }, [`Invalid ${FIELD}.selector`]],
  ["allows selector together with partition 0", {
    [`${PATH}/selector`]: { matchLabels: { a: "b" } },
  }, []],
  ["refuses selector together with partition 0%, which is explicit", {
    [`${PATH}/selector`]: { matchLabels: { a: "b" } },
    [`${PATH}/partition`]: "0%",
  }, [`Invalid ${FIELD}.selector`]],
  ["refuses an empty selector", { [`${PATH}/selector`]: {} }, [`Invalid ${FIELD}.selector`]],
  ["allows weights from 0 to 100", {
    [`${PATH}/priorityStrategy/weightPriority`]: [0, 100].map((weight) => ({
      weight,
      matchSelector: { matchLabels: { a: "b" } },
    })),
  }, []],
  ["refuses a weight over 100", {
    [`${PATH}/priorityStrategy/weightPriority`]: [
      { weight: 101, matchSelector: { matchLabels: { a: "b" } } },
    ],
  }, [`Invalid ${FIELD}.priorityStrategy.weightPriority[0].weight`]],
  ["refuses a weight without labels", {
    [`${PATH}/priorityStrategy/weightPriority`]: [
      { weight: 1, matchSelector: {} },
      { weight: 1 },
    ],
  }, [
    `Required ${FIELD}.priorityStrategy.weightPriority[0].matchSelector`,
    `Required ${FIELD}.priorityStrategy.weightPriority[1].matchSelector`,
  ]],
  ["refuses weights together with orders", {
    [`${PATH}/priorityStrategy`]: {
      weightPriority: [{ weight: 1, matchSelector: { matchLabels: { a: "b" } } }],
      orderPriority: [{ orderedKey: "c" }],
    },
  }, [`Invalid ${FIELD}.priorityStrategy`]],
  ["refuses an order without a key", {
    [`${PATH}/priorityStrategy/orderPriority`]: [{ orderedKey: "" }],
  }, [`Required ${FIELD}.priorityStrategy.orderPriority[0].orderedKey`]],
  ["allows a key to be scattered by a value and by all", {
    [`${PATH}/scatterStrategy`]: [{ key: "a", value: "*" }, { key: "a", value: "b" }],
  }, []],
  ["refuses to scatter the same twice", {
    [`${PATH}/scatterStrategy`]: [{ key: "a", value: "b" }, { key: "a", value: "b" }],
  }, [`Duplicate ${FIELD}.scatterStrategy[1]`]],
  ["refuses to scatter by no key", { [`${PATH}/scatterStrategy`]: [{ key: "", value: "b" }] }, [
    `Required ${FIELD}.scatterStrategy[0].key`,
  ]],
  ["refuses a deadline that the wait for availability reaches", {
    [`${PATH}/minReadySeconds`]: 60,
    [`${PATH}/progressDeadlineSeconds`]: 60,
  }, [`Invalid ${FIELD}.progressDeadlineSeconds`]],
  ["refuses a wait for availability as long as the deadline's default", {
    [`${PATH}/minReadySeconds`]: 600,
  }, [`Invalid ${FIELD}.progressDeadlineSeconds`]],
  ["refuses policies that are none", {
    [`${PATH}/recreatePolicy`]: "Delete",
    [`${PATH}/driftPolicy`]: "Ignore",
  }, [`NotSupported ${FIELD}.recreatePolicy`, `NotSupported ${FIELD}.driftPolicy`]],
]);
