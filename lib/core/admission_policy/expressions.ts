import type { NamedExpression } from "../../api/admission_policy.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_ENV,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import { STORED_IMAGES_ANNOTATION } from "../annotations/image_records.ts";
import { DEFAULT_CONTAINER_ANNOTATION } from "../pod_metadata/default_container.ts";
import { celString, celStrings } from "./cel.ts";

/** The expressions of the policy that do not depend on the SidecarSets. Each may use those before it. */

const RECORDS = [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION];

/** One entry of a hash annotation without blanks, in the current form and in the old one of OpenKruise. */
const TEXT = '"[^"\\\\]*"';
const ENTRY = `${TEXT}:\\{("[A-Za-z]+":(${TEXT}|null|\\[(${TEXT},?)*\\]),?)*\\}`;
const OLD_ENTRY = `${TEXT}:${TEXT}`;

/** Matches the annotation with any number of such entries. */
function objectOf(entry: string): string {
  return celString(`^\\{(${entry}(,${entry})*)?\\}$`);
}

/** The Pod's part of an annotation; empty where it is absent. */
function annotation(name: string): string {
  return `variables.annotations[?${celString(name)}].orValue("")`;
}

function withoutBlanks(text: string): string {
  return [" ", "\t", "\n", "\r"].reduce(
    (result, blank) => `${result}.replace(${celString(blank)}, "")`,
    text,
  );
}

const IS_MARKED = `c.?env.orValue([]).exists(e, e.name == ${celString(INJECTED_ENV)} && ` +
  'e.?value.orValue("") == "true")';

/** What the conditions of SidecarSets read of the Pod and its namespace. */
export const POD_VARIABLES: readonly NamedExpression[] = [
  variable("labels", "object.metadata.?labels.orValue({})"),
  variable("annotations", "object.metadata.?annotations.orValue({})"),
  variable("namespaceLabels", "namespaceObject.metadata.?labels.orValue({})"),
  variable("initContainers", "object.spec.?initContainers.orValue([])"),
  variable("all", "object.spec.containers + variables.initContainers"),
  variable("names", "variables.all.map(c, c.name)"),
  variable("marked", `variables.all.filter(c, ${IS_MARKED}).map(c, c.name)`),
  variable("volumes", "object.spec.?volumes.orValue([])"),
  variable("volumeNames", "variables.volumes.map(v, v.name)"),
  variable("hostNetwork", "object.spec.?hostNetwork.orValue(false)"),
  variable(
    "hostPorts",
    "object.spec.containers.map(c, c.?ports.orValue([]).filter(p, p.?hostPort.orValue(0) != 0)" +
      '.map(p, p.?protocol.orValue("TCP") + " " + p.?hostIP.orValue("") + ":" + ' +
      "string(p.hostPort))).flatten()",
  ),
  variable("hasRecords", `${celStrings(RECORDS)}.exists(k, k in variables.annotations)`),
  variable("full", withoutBlanks(annotation(HASH_ANNOTATION))),
  variable("withoutImage", withoutBlanks(annotation(HASH_WITHOUT_IMAGE_ANNOTATION))),
  variable(
    "isReadable",
    ["full", "withoutImage"].map((name) =>
      `(variables.${name} == "" || variables.${name}.matches(${objectOf(ENTRY)}) || ` +
      `variables.${name}.matches(${objectOf(OLD_ENTRY)}))`
    ).join(" && "),
  ),
  variable(
    "listed",
    `${annotation(INJECTED_LIST_ANNOTATION)} == "" ? [] : ` +
      `${annotation(INJECTED_LIST_ANNOTATION)}.split(",")`,
  ),
];

/** The entries of a hash annotation of the Pod, in the current form. */
function entries(part: RecordPart): string {
  const text = `variables.${part}`;
  const old = `${text}.findAll(${celString(OLD_ENTRY)}).map(e, e.split('":"'))` +
    `.map(e, e[0] + '":{"updateTimestamp":null,"hash":"' + e[1] + ',"sidecarSetName":' + e[0] + ` +
    `'","sidecarList":null}')`;
  return `${text}.matches(${objectOf(OLD_ENTRY)}) ? ${old} : ` +
    `${text}.findAll(${celString(ENTRY)})`;
}

type RecordPart = "full" | "withoutImage";

/** The parts of all injected SidecarSets in their order. */
function parts(name: string): string {
  return `variables.injected.map(p, p.${name}).flatten()`;
}

/** Whether an entry belongs to one of the names. */
function isOf(names: string): string {
  return `${names}.exists(n, e.startsWith('"' + n + '":'))`;
}

/** Sorted entries as JSON; entries of records begin with the name, so they are sorted by it. */
function objectText(list: string): string {
  return `"{" + (${list}).sort().join(",") + "}"`;
}

function change(key: string, value: string): string {
  return `{"key": ${celString(key)}, "value": ${value}}`;
}

/** A text of an annotation of another Pod that is copied, without the entries of stale records. */
const CLEARED: readonly (readonly [key: string, kept: string, all: string, text: string])[] = [
  [HASH_ANNOTATION, "keptFull", "allFull", objectText("variables.keptFull")],
  [
    HASH_WITHOUT_IMAGE_ANNOTATION,
    "keptWithoutImage",
    "allWithoutImage",
    objectText("variables.keptWithoutImage"),
  ],
  [
    INJECTED_LIST_ANNOTATION,
    "keptListed",
    "listed",
    'variables.keptListed.distinct().sort().join(",")',
  ],
];

/** What the Pod gets, from `variables.injected`, `variables.present` and `variables.dropped`. */
export const RESULT_VARIABLES: readonly NamedExpression[] = [
  variable("front", parts("front")),
  variable("behind", parts("behind")),
  variable("initFront", `${parts("initFront")}.sortBy(c, string(c.name))`),
  variable("initBehind", `${parts("initBehind")}.sortBy(c, string(c.name))`),
  // SidecarSets with a volume of the same name have equal ones.
  variable(
    "newVolumes",
    `${parts("volumes")}.filter(v, !(v.name in variables.volumeNames)).distinct()`,
  ),
  variable("secretNames", 'object.spec.?imagePullSecrets.orValue([]).map(s, s.?name.orValue(""))'),
  variable(
    "newSecrets",
    `${parts("secrets")}.filter(s, !(s.name in variables.secretNames)).distinct()`,
  ),
  variable("ownNames", `object.spec.containers.filter(c, !(${IS_MARKED})).map(c, c.name)`),
  // Without an injection, only records that the Pod's list refers to are those of a copy.
  variable(
    "stale",
    "variables.injected.size() > 0 ? variables.dropped : " +
      "variables.dropped.size() == 0 || !variables.isReadable ? [] : " +
      "variables.dropped.filter(n, n in variables.listed)",
  ),
  variable("allFull", entries("full")),
  variable("keptFull", `variables.allFull.filter(e, !${isOf("variables.stale")})`),
  variable("allWithoutImage", entries("withoutImage")),
  variable("keptWithoutImage", `variables.allWithoutImage.filter(e, !${isOf("variables.stale")})`),
  variable("keptListed", "variables.listed.filter(n, !(n in variables.stale))"),
  variable("storedImages", annotation(STORED_IMAGES_ANNOTATION)),
  variable("rewritten", rewrittenImages()),
  variable(
    "records",
    `[${change(HASH_ANNOTATION, objectText(`variables.keptFull + ${texts("full")}`))},` +
      `${
        change(
          HASH_WITHOUT_IMAGE_ANNOTATION,
          objectText(`variables.keptWithoutImage + ${texts("withoutImage")}`),
        )
      },` +
      change(
        INJECTED_LIST_ANNOTATION,
        `(variables.keptListed + ${texts("name")}).distinct().sort().join(",")`,
      ) + "]",
  ),
  variable(
    "defaultContainer",
    "variables.front.size() > 0 && variables.ownNames.size() > 0 && " +
      `!(${celString(DEFAULT_CONTAINER_ANNOTATION)} in variables.annotations) ? ` +
      `[${change(DEFAULT_CONTAINER_ANNOTATION, "string(variables.ownNames[0])")}] : []`,
  ),
  variable(
    "newAnnotations",
    "(variables.injected.size() > 0 ? variables.records + variables.defaultContainer + " +
      `${parts("overwritten")} + ` +
      `${parts("retained")}.filter(a, !(a.key in variables.annotations)) : ` +
      CLEARED.map(([key, kept, all, text]) =>
        `(variables.${kept}.size() > 0 && variables.${kept}.size() < variables.${all}.size() ? ` +
        `[${change(key, text)}] : [])`
      ).join(" + ") + ") + " +
      `(variables.rewritten.size() == 0 ? [] : ` +
      `[${
        change(
          STORED_IMAGES_ANNOTATION,
          objectText(
            `variables.storedImages.findAll(${celString(OLD_ENTRY)}).filter(e, ` +
              `!${isOf("variables.rewritten.map(r, r.name)")}) + ` +
              "variables.rewritten.map(r, string(r.entry))",
          ),
        )
      }])`,
  ),
  variable(
    "removedAnnotations",
    "variables.injected.size() > 0 ? [] : " +
      CLEARED.map(([key, kept, all]) =>
        `(variables.${kept}.size() == 0 && variables.${all}.size() > 0 ? [${celString(key)}] : [])`
      ).join(" + "),
  ),
];

function texts(part: RecordPart | "name"): string {
  return `variables.injected.map(p, string(p.${part}))`;
}

/**
 * Images that other webhooks have set in containers of an earlier evaluation, unless they are recorded already: the
 * policy is evaluated again after such a change, and drift is compared with the recorded images.
 */
function rewrittenImages(): string {
  const entry = `'"' + i.name + '":"' + c.image + '"'`;
  const isNew = `c.name == i.name && c.name in variables.marked && c.?image.orValue("") != "" && ` +
    `(variables.storedImages.contains('"' + i.name + '":') ? ` +
    `!variables.storedImages.contains(${entry}) : c.image != i.image)`;
  return `variables.present.size() == 0 ? [] : variables.present.map(p, p.images).flatten().map(i, ` +
    `variables.all.filter(c, ${isNew}).map(c, {"name": string(i.name), "entry": ${entry}})).flatten()`;
}

function operation(op: string, { path, value }: { path: string; value?: string }): string {
  return `JSONPatch{op: "${op}", path: ${path}${value === undefined ? "" : `, value: ${value}`}}`;
}

/** Operations that put items before and after those of a list, or create the list. */
function place(
  list: string,
  { front = "[]", behind = "[]" }: { front?: string; behind?: string },
): string {
  const path = `/spec/${list}`;
  const all = `${front} + ${behind}`;
  return `has(object.spec.${list}) ? ` +
    `${front}.transformList(i, c, ${
      operation("add", { path: `"${path}/" + string(i)`, value: "c" })
    }) + ` +
    `${behind}.map(c, ${operation("add", { path: `"${path}/-"`, value: "c" })}) : ` +
    `(${all}).size() == 0 ? [] : [${operation("add", { path: `"${path}"`, value: all })}]`;
}

/** As upstream, doubled pull secrets of the Pod are removed, the last first, so that indexes stay valid. */
const REMOVE_DOUBLED_SECRETS =
  "variables.secretNames.transformList(i, n, variables.secretNames.indexOf(n) < i, -i).sort()" +
  `.map(i, ${operation("remove", { path: '"/spec/imagePullSecrets/" + string(-i)' })})`;

/** The JSON patch; empty where the Pod gets nothing, as in every second evaluation that finds no other images. */
export const PATCH = `
variables.injected.size() + variables.rewritten.size() + variables.stale.size() == 0 ? [] : [
has(object.metadata.annotations) || variables.newAnnotations.size() == 0 ? [] : [${
  operation("add", { path: '"/metadata/annotations"', value: "{}" })
}],
variables.removedAnnotations.map(k, ${
  operation("remove", { path: '"/metadata/annotations/" + jsonpatch.escapeKey(k)' })
}),
variables.newAnnotations.map(a, ${
  operation("add", {
    path: '"/metadata/annotations/" + jsonpatch.escapeKey(string(a.key))',
    value: "a.value",
  })
}),
${place("containers", { front: "variables.front", behind: "variables.behind" })},
${place("initContainers", { front: "variables.initFront", behind: "variables.initBehind" })},
${place("volumes", { behind: "variables.newVolumes" })},
variables.injected.size() == 0 ? [] : ${REMOVE_DOUBLED_SECRETS},
${place("imagePullSecrets", { behind: "variables.newSecrets" })}
].flatten()`;

function variable(name: string, expression: string): NamedExpression {
  return { name, expression };
}
