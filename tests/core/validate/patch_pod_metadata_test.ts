import type { ValidationInput } from "../../../lib/core/validate/input.ts";
import { type Changes, testCases } from "./fixtures.ts";

const PATH = "spec.patchPodMetadata[0].annotations";

function setting(annotations: Record<string, string>, more: Changes = {}): Changes {
  return { "spec/patchPodMetadata": [{ annotations, patchPolicy: "Retain" }], ...more };
}

function listing(...rules: unknown[]): Partial<ValidationInput> {
  return { allowList: JSON.stringify({ rules }), requireAllowList: true };
}

/** With `spec.selector` for label `app`. */
function labelling(labels: Record<string, string>, more: Changes = {}): Changes {
  return { "spec/patchPodMetadata": [{ labels, patchPolicy: "Retain" }], ...more };
}

const LABELS = "spec.patchPodMetadata[0].labels";
const reserved = setting({ "x.k8s.io/a": "" });
const example = setting({ "example.com/key": "v" });

testCases([
  ["allows annotations without an allow-list", example, []],
  ["refuses annotations where an allow-list is required and absent", example, [
    `Forbidden ${PATH}[example.com/key]`,
  ], { requireAllowList: true }],
  [
    "allows an annotation that the allow-list names",
    example,
    [],
    listing({
      allowedAnnotationKeyExprs: ["^example.com/"],
    }),
  ],
  ["refuses an annotation that the required allow-list does not name", example, [
    `Forbidden ${PATH}[example.com/key]`,
  ], listing({ allowedAnnotationKeyExprs: ["^other/"] })],
  ["allows ordinary annotations next to an allow-list that names others", example, [], {
    ...listing({ allowedAnnotationKeyExprs: ["^other/"] }),
    requireAllowList: false,
  }],
  ["allows ordinary annotations whatever the allow-list is", example, [], { allowList: "{" }],
  ["passes over rules for SidecarSets with other labels", example, [
    `Forbidden ${PATH}[example.com/key]`,
  ], listing({ selector: { matchLabels: { team: "a" } }, allowedAnnotationKeyExprs: [".*"] })],
  [
    "follows rules for SidecarSets with its labels",
    { ...example, "metadata/labels": { team: "a" } },
    [],
    listing({ selector: { matchLabels: { team: "a" } }, allowedAnnotationKeyExprs: [".*"] }),
  ],
  ["refuses annotations while the required allow-list is not JSON", example, [
    `Forbidden ${PATH}[example.com/key]`,
  ], { allowList: "{", requireAllowList: true }],
  ["refuses reserved annotations while the allow-list is of another shape", reserved, [
    `Forbidden ${PATH}[x.k8s.io/a]`,
  ], { allowList: '{"rules":[{"allowedAnnotationKeyExprs":"x"}]}' }],
  ["refuses reserved annotations that the allow-list does not name", reserved, [
    `Forbidden ${PATH}[x.k8s.io/a]`,
  ], { ...listing({ allowedAnnotationKeyExprs: ["^y/"] }), requireAllowList: false }],
  ["refuses annotations while the allow-list has a bad regular expression", example, [
    `Forbidden ${PATH}[example.com/key]`,
  ], listing({ allowedAnnotationKeyExprs: [".*", "("] })],
  [
    "refuses reserved annotations",
    setting({
      "kruise.io/a": "",
      "apps.kruise.io/a": "",
      "kubernetes.io/a": "",
      "pod.kubernetes.io/a": "",
      "k8s.io/a": "",
      "x.k8s.io/a": "",
    }),
    [
      `Forbidden ${PATH}[kruise.io/a]`,
      `Forbidden ${PATH}[apps.kruise.io/a]`,
      `Forbidden ${PATH}[kubernetes.io/a]`,
      `Forbidden ${PATH}[pod.kubernetes.io/a]`,
      `Forbidden ${PATH}[k8s.io/a]`,
      `Forbidden ${PATH}[x.k8s.io/a]`,
    ],
  ],
  [
    "allows annotations whose prefix only ends like a reserved one",
    setting({
      "mykruise.io/a": "",
      "kruise.io": "",
      "k8s.io.example.com/a": "",
    }),
    [],
  ],
  ["allows a reserved annotation that the allow-list names", reserved, [], {
    ...listing({ allowedAnnotationKeyExprs: ["^x\\.k8s\\.io/a$"] }),
    requireAllowList: false,
  }],
  ["requires annotations", { "spec/patchPodMetadata": [{ patchPolicy: "Retain" }] }, [
    `Required ${PATH}`,
  ]],
  ["refuses an annotation key with a space", setting({ "a b": "" }), [`Invalid ${PATH}[a b]`]],
  ["refuses a key that is set twice", {
    "spec/patchPodMetadata": [
      { annotations: { a: "1" }, patchPolicy: "Retain" },
      { annotations: { a: "2" }, patchPolicy: "Overwrite" },
    ],
  }, ["Duplicate spec.patchPodMetadata[1].annotations[a]"]],
  ["refuses a patch policy that is none", {
    "spec/patchPodMetadata": [{ annotations: { a: "1" }, patchPolicy: "Append" }],
  }, ["NotSupported spec.patchPodMetadata[0].patchPolicy"]],
  ["allows labels without an allow-list", labelling({ "example.com/mesh": "on", tier: "" }), []],
  [
    "refuses a label value that is none, and a key with a space",
    labelling({ a: "x y", b: "-", c: "x".repeat(64), "d e": "" }),
    [
      `Invalid ${LABELS}[a]`,
      `Invalid ${LABELS}[b]`,
      `Invalid ${LABELS}[c]`,
      `Invalid ${LABELS}[d e]`,
    ],
  ],
  ["refuses a label that matchLabels of the selector use", labelling({ app: "x" }), [
    `Forbidden ${LABELS}[app]`,
  ]],
  [
    "refuses a label that matchExpressions of the selector use",
    labelling({ mesh: "on" }, {
      "spec/selector/matchExpressions": [{ key: "mesh", operator: "DoesNotExist" }],
    }),
    [`Forbidden ${LABELS}[mesh]`],
  ],
  [
    "refuses the labels that controllers find their Pods by",
    labelling({ "pod-template-hash": "1", "controller-revision-hash": "1", "job-name": "a" }),
    [
      `Forbidden ${LABELS}[pod-template-hash]`,
      `Forbidden ${LABELS}[controller-revision-hash]`,
      `Forbidden ${LABELS}[job-name]`,
    ],
  ],
  ["refuses to merge a label", {
    "spec/patchPodMetadata": [{ labels: { a: "1" }, patchPolicy: "MergePatchJson" }],
  }, [`Forbidden ${LABELS}`]],
  ["refuses a label that is set twice, and allows an annotation of its key", {
    "spec/patchPodMetadata": [
      { labels: { a: "1" }, annotations: { a: "1" }, patchPolicy: "Retain" },
      { labels: { a: "2" }, patchPolicy: "Overwrite" },
    ],
  }, ["Duplicate spec.patchPodMetadata[1].labels[a]"]],
  ["refuses a reserved label", labelling({ "app.kubernetes.io/name": "x" }), [
    `Forbidden ${LABELS}[app.kubernetes.io/name]`,
  ]],
  [
    "allows a reserved label that the allow-list names as a label",
    labelling({ "app.kubernetes.io/name": "x" }),
    [],
    {
      ...listing({ allowedLabelKeyExprs: ["^app\\.kubernetes\\.io/"] }),
      requireAllowList: false,
    },
  ],
  [
    "refuses a label that the required allow-list names as an annotation only",
    labelling({ "example.com/mesh": "on" }),
    [`Forbidden ${LABELS}[example.com/mesh]`],
    listing({ allowedAnnotationKeyExprs: [".*"] }),
  ],
]);
