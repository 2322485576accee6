import { createHash } from "node:crypto";
import type { MutatingAdmissionPolicy, NamedExpression } from "../../api/admission_policy.ts";
import { isObject } from "../../api/json.ts";
import type { SidecarSetPlan } from "../inject/sidecarset_plan.ts";
import type { Selection } from "../select/pod_selection.ts";
import { celString, celStrings, celValue } from "./cel.ts";
import { obstacleConditions } from "./guards.ts";
import { partsOf } from "./parts.ts";
import { selectionText } from "./selection.ts";

/** On the policy: the SidecarSets that it injects, as JSON. */
export const POLICY_SETS_ANNOTATION = "kruise.io/sidecarset-policy-sets";

/** A SidecarSet that a policy injects. */
export interface PolicyMember {
  readonly name: string;
  /** Equal for two states that the policy injects in the same way. */
  readonly key: string;
  readonly plan: SidecarSetPlan;
  readonly selection: Selection;
  /** CEL: whether the Pod is selected. */
  readonly selected: string;
  /** CEL: whether a selected Pod is injected. */
  readonly fits: string;
  /** CEL literal of what the Pod gets. */
  readonly parts: string;
  /** Upper bound of what the annotations of a Pod grow by, without the keys and braces of the records. */
  readonly annotationBytes: number;
  /** What the policy grows by. */
  readonly policyBytes: number;
}

/** The names of a member's variables, and where they are used. */
const VARIABLE_BYTES = 1_000;

/** @param injectedAt the time that the records of Pods contain */
export function policyMember(
  plan: SidecarSetPlan,
  { selection, uid = "", injectedAt }: {
    readonly selection: Selection;
    readonly uid: string | undefined;
    readonly injectedAt: Date;
  },
): PolicyMember {
  const selected = selectionText(selection);
  const fits = obstacleConditions(plan).map((condition) => `!(${condition})`).join(" && ");
  const parts = partsOf(plan, injectedAt);
  const literal = celValue(parts);
  const { name, full, withoutImage, overwritten, retained } = parts;
  const texts = [name, full, withoutImage, ...[...overwritten, ...retained].flatMap(Object.values)];
  return {
    name: plan.name,
    key: createHash("sha256").update(JSON.stringify([uid, selected, fits, literal])).digest("hex")
      .slice(0, 16),
    plan,
    selection,
    selected,
    fits,
    parts: literal,
    annotationBytes: bytesOf(texts.join("")) + 3,
    policyBytes: bytesOf(JSON.stringify([selected, fits, literal])) + VARIABLE_BYTES,
  };
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Room for selections in one expression; the API server takes 100,000 characters. */
const MAX_SELECTIONS_CHARACTERS = 80_000;

/**
 * The policy's variables for its members: which are selected, which are injected, and with what. All selections are
 * evaluated for every Pod, so they are few expressions; everything else only for members that select the Pod.
 */
export function memberVariables(members: readonly PolicyMember[]): NamedExpression[] {
  const ofSelected = (condition: (index: number) => string, item: (index: number) => string) =>
    `variables.selected.map(i, ${
      choiceOf(members.length, (i) => `${condition(i)} ? [${item(i)}] : []`)
    }).flatten()`;
  const selections = selectionLists(members);
  return [
    ...selections.map((expression, i) => ({ name: `selected${i}`, expression })),
    {
      name: "selected",
      expression: selections.map((_, i) => `variables.selected${i}`).join(" + "),
    },
    ...members.flatMap(({ name, plan, fits, parts }, i) => [
      {
        name: `fits${i}`,
        expression: `${fits} && variables.isReadable`,
      },
      { name: `parts${i}`, expression: parts },
      {
        name: `isPresent${i}`,
        expression: `${celString(name)} in variables.listed && ` +
          `variables.marked.exists(n, n in ${celStrings(plan.containerNames)})`,
      },
    ]),
    {
      name: "injected",
      expression: ofSelected((i) => `variables.fits${i}`, (i) => `variables.parts${i}`),
    },
    {
      name: "present",
      expression: `!variables.hasRecords ? [] : ${
        ofSelected((i) => `variables.isPresent${i}`, (i) => `variables.parts${i}`)
      }`,
    },
    {
      name: "dropped",
      expression: `!variables.hasRecords ? [] : ${
        ofSelected((i) => `!variables.isPresent${i}`, (i) => celString(members[i]?.name ?? ""))
      }`,
    },
  ];
}

/** The CEL text of the index `i`, found by halving: a chain of all would be evaluated for every Pod. */
function choiceOf(count: number, textOf: (index: number) => string): string {
  const between = (first: number, end: number): string => {
    if (end - first === 1) return textOf(first);
    const middle = Math.floor((first + end) / 2);
    return `i < ${middle} ? (${between(first, middle)}) : (${between(middle, end)})`;
  };
  return between(0, count);
}

/** CEL lists of the indexes of the members that select the Pod, each within the limit of an expression. */
function selectionLists(members: readonly PolicyMember[]): string[] {
  const lists: string[][] = [[]];
  let room = MAX_SELECTIONS_CHARACTERS;
  for (const [i, { selected }] of members.entries()) {
    const item = `(${selected}) ? [${i}] : []`;
    if (item.length > room) {
      lists.push([]);
      room = MAX_SELECTIONS_CHARACTERS;
    }
    room -= item.length;
    lists.at(-1)?.push(item);
  }
  return lists.map((items) => `[${items.join(",\n")}].flatten()`);
}

/** The annotation's value: the key of each member by its name. */
export function policySetsText(members: readonly PolicyMember[]): string {
  return JSON.stringify(Object.fromEntries(members.map(({ name, key }) => [name, key])));
}

/** The SidecarSets that a stored policy injects, with their keys; empty if the annotation is unreadable. */
export function policySets(
  policy: Pick<MutatingAdmissionPolicy, "metadata"> | undefined,
): ReadonlyMap<string, string> {
  const text = policy?.metadata.annotations?.[POLICY_SETS_ANNOTATION];
  if (text === undefined) return new Map();
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = Object.entries(isObject(parsed) ? parsed : {});
    return new Map(entries.flatMap(([name, key]) => typeof key === "string" ? [[name, key]] : []));
  } catch {
    return new Map();
  }
}
