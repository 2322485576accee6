import type { StructuralSchema } from "./structural.ts";

const nonEmpty = (selector: string) =>
  `((has(${selector}.matchLabels) && size(${selector}.matchLabels) > 0) || ` +
  `(has(${selector}.matchExpressions) && size(${selector}.matchExpressions) > 0))`;

const upgradeType = (container: string) =>
  `(has(${container}.upgradeStrategy) && has(${container}.upgradeStrategy.upgradeType) ? ` +
  `${container}.upgradeStrategy.upgradeType : 'ColdUpgrade')`;

/** Bounds that keep the API server's estimate of the rules' cost finite, far above what a Pod can use. */
const maxItems: Readonly<Record<string, number>> = {
  containers: 100,
  initContainers: 100,
  volumes: 500,
  patchContainers: 100,
};

/** Rules that need no other object, so that the API server can hold them while the controller is down. */
export function addRules(object: StructuralSchema): StructuralSchema {
  const spec = property(object, "spec");
  for (const [name, bound] of Object.entries(maxItems)) property(spec, name).maxItems = bound;
  rules(spec, [
    ["has(self.selector)", "selector is required", "FieldValueRequired", ".selector"],
    [
      `!has(self.selector) || ${nonEmpty("self.selector")} || (has(self.namespaceSelector) && ${
        nonEmpty("self.namespaceSelector")
      })`,
      "selector may be empty only beside a namespaceSelector that is not",
      "FieldValueInvalid",
      ".selector",
    ],
    [
      `!has(self.namespaceSelector) || ${nonEmpty("self.namespaceSelector")}`,
      "namespaceSelector must not be empty: leave it out to select all namespaces",
      "FieldValueInvalid",
      ".namespaceSelector",
    ],
    [
      "(has(self.containers) && size(self.containers) > 0) || (has(self.initContainers) && " +
      "size(self.initContainers) > 0)",
      "containers or initContainers must list at least one container",
      "FieldValueRequired",
    ],
  ]);
  rules(property(spec, "cleanupPolicy"), [[
    "!has(self.type) || self.type != 'Idle' || (has(self.idleImage) && self.idleImage != '')",
    "idleImage is required with type Idle",
    "FieldValueRequired",
    ".idleImage",
  ]]);
  const patch = property(spec, "patchContainers").items;
  if (!patch) throw new Error("Cannot add rules to patchContainers: it has no items");
  rules(patch, [[
    "!has(self.names) || !has(self.nameRegex)",
    "names and nameRegex exclude each other",
    "FieldValueInvalid",
    ".nameRegex",
  ], [
    "has(self.env) || has(self.envFrom) || has(self.volumeMounts)",
    "env, envFrom or volumeMounts is required",
    "FieldValueRequired",
    ".env",
  ]]);
  const strategy = property(spec, "updateStrategy");
  rules(strategy, [[
    "!has(self.selector) || !has(self.partition) || (type(self.partition) == int && " +
    "self.partition == 0) || (has(self.type) && self.type == 'NotUpdate')",
    "partition and selector exclude each other",
    "FieldValueInvalid",
    ".partition",
  ]]);
  rules(property(strategy, "priorityStrategy"), [[
    "!(has(self.orderPriority) && size(self.orderPriority) > 0 && has(self.weightPriority) " +
    "&& size(self.weightPriority) > 0)",
    "orderPriority and weightPriority exclude each other",
    "FieldValueInvalid",
  ]]);
  for (const list of ["containers", "initContainers"]) {
    const container = property(spec, list).items;
    if (!container) throw new Error(`Cannot add rules to ${list}: it has no items`);
    rules(container, [[
      "!has(self.upgradeStrategy) || !has(self.upgradeStrategy.upgradeType) || " +
      "self.upgradeStrategy.upgradeType != 'HotUpgrade' || " +
      "(has(self.upgradeStrategy.hotUpgradeEmptyImage) && " +
      "self.upgradeStrategy.hotUpgradeEmptyImage != '')",
      "upgradeStrategy.hotUpgradeEmptyImage is required with upgradeType HotUpgrade",
      "FieldValueRequired",
      ".upgradeStrategy",
    ], [
      // Without the type it is the default, whether or not the defaulting webhook was there to write it.
      `${upgradeType("self")} == ${upgradeType("oldSelf")}`,
      "upgradeStrategy.upgradeType is immutable: give the container another name",
      "FieldValueForbidden",
      ".upgradeStrategy",
    ]]);
  }
  return object;
}

type Rule = [rule: string, message: string, reason: string, fieldPath?: string];

function rules(schema: StructuralSchema, list: readonly Rule[]): void {
  schema["x-kubernetes-validations"] = list.map(([rule, message, reason, fieldPath]) => ({
    rule,
    message,
    reason,
    ...(fieldPath ? { fieldPath } : {}),
  }));
}

/** @throws {Error} when the schema has no such property. */
function property(schema: StructuralSchema, name: string): StructuralSchema {
  const found = schema.properties?.[name];
  if (!found) throw new Error(`Cannot add rules to ${name}: the schema has no such property`);
  return found;
}
