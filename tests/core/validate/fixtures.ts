import assert from "node:assert/strict";
import type { FieldProblem } from "../../../lib/api/problems.ts";
import { isObject } from "../../../lib/api/json.ts";
import { readSidecarSet } from "../../../lib/api/read.ts";
import type { SidecarSet } from "../../../lib/api/sidecarset.ts";
import type { ValidationInput } from "../../../lib/core/validate/input.ts";
import { validateSidecarSet } from "../../../lib/core/validate/validate.ts";

/** Values by their places: `spec/containers/0/image`; undefined takes the place away. */
export type Changes = Readonly<Record<string, unknown>>;
/** A sentence, what is changed in a valid SidecarSet, and each problem's reason and field, sorted. */
export type Case = readonly [string, Changes, readonly string[], Partial<ValidationInput>?];

const container = {
  name: "agent",
  image: "registry.test/agent:1.0",
  imagePullPolicy: "IfNotPresent",
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
  podInjectPolicy: "BeforeAppContainer",
  upgradeStrategy: { upgradeType: "ColdUpgrade" },
  shareVolumePolicy: { type: "disabled" },
};

/** A container that is valid as it stands. */
export function validContainer(changes: Changes = {}): Record<string, unknown> {
  return changed(container, changes);
}

/** A SidecarSet that is valid as it stands, defaults included. */
export function validObject(changes: Changes = {}): Record<string, unknown> {
  return changed({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "mesh" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [container],
      updateStrategy: { type: "RollingUpdate", partition: 0, maxUnavailable: 1 },
      injectionStrategy: {},
      revisionHistoryLimit: 10,
    },
  }, changes);
}

/** The same as a typed SidecarSet. */
export function validSidecarSet(changes: Changes = {}): SidecarSet {
  const read = readSidecarSet(validObject(changes));
  assert.ok(read.ok);
  return read.value;
}

/** The problems of an object, created in an empty cluster unless the input says otherwise. */
export function problemsOf(object: unknown, input: Partial<ValidationInput> = {}): FieldProblem[] {
  return validateSidecarSet({
    operation: "CREATE",
    object,
    others: [],
    revisions: [],
    requireAllowList: false,
    ...input,
  });
}

/** One test for each case. */
export function testCases(cases: readonly Case[]): void {
  for (const [sentence, changes, expected, input] of cases) {
    Deno.test(`validateSidecarSet() ${sentence}`, () => {
      const problems = problemsOf(validObject(changes), input);
      const found = problems.map(({ reason, field }) =>
        `${reason.replace("FieldValue", "")} ${field}`
      );
      assert.deepEqual(found.toSorted(), expected.toSorted());
      for (const { message } of problems) assert.match(message, /^\S.*\S$/s);
    });
  }
}

function changed(value: Record<string, unknown>, changes: Changes): Record<string, unknown> {
  const copy = structuredClone(value);
  for (const [place, value] of Object.entries(changes)) {
    const keys = place.split("/").map((key) => key.replaceAll("~1", "/"));
    const last = keys.pop() ?? "";
    let parent: Record<string, unknown> | unknown[] = copy;
    for (const [i, key] of keys.entries()) {
      const child: unknown = Reflect.get(parent, key);
      if (isObject(child) || Array.isArray(child)) parent = child;
      else {
        const made: Record<string, unknown> | unknown[] = /^\d+$/.test(keys[i + 1] ?? last)
          ? []
          : {};
        Reflect.set(parent, key, made);
        parent = made;
      }
    }
    if (value === undefined) Reflect.deleteProperty(parent, last);
    else Reflect.set(parent, last, structuredClone(value));
  }
  return copy;
}
