import type { NamedExpression } from "../../api/admission_policy.ts";
import {
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  INJECTED_ENV,
  INJECTED_LIST_ANNOTATION,
} from "../../api/names.ts";
import { MAX_ANNOTATION_BYTES } from "../pod_metadata/annotation_size.ts";
import { DEFAULT_CONTAINER_ANNOTATION } from "../pod_metadata/default_container.ts";
import { celString, celStrings } from "./cel.ts";

/** The expressions of the policy that do not depend on the SidecarSets. Each may use those before it. */

const RECORDS = [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION, INJECTED_LIST_ANNOTATION];

/** One entry of a hash annotation, in the form that this program and OpenKruise write. */
const TEXT = '"[^"\\\\]*"';
const ENTRY = `${TEXT}:\\{("[A-Za-z]+":(${TEXT}|null|\\[(${TEXT},?)*\\]),?)*\\}`;
const ENTRIES = `^(\\{(${ENTRY}(,${ENTRY})*)?\\})?$`;

/** The Pod's part of an annotation; empty where it is absent. */
function annotation(name: string): string {
  return `variables.annotations[?${celString(name)}].orValue("")`;
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
  variable(
    "podResources",
    "object.spec.?resources.?requests.orValue({}).map(k, k) + " +
      "object.spec.?resources.?limits.orValue({}).map(k, k)",
  ),
  variable("hasRecords", `${celStrings(RECORDS)}.exists(k, k in variables.annotations)`),
  // Annotations in another form, such as the old one of OpenKruise, cannot be merged by expressions.
  variable(
    "isReadable",
    [HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION].map((name) =>
      `${annotation(name)}.matches(${celString(ENTRIES)})`
    ).join(" && "),
  ),
  variable(
    "listed",
    `${annotation(INJECTED_LIST_ANNOTATION)} == "" ? [] : ` +
      `${annotation(INJECTED_LIST_ANNOTATION)}.split(",")`,
  ),
  variable(
    "annotationBytes",
    "variables.annotations.map(k, bytes(k).size() + bytes(variables.annotations[k]).size()).sum()",
  ),
];

/** The condition of `variables.addedBytes`, an upper bound of what all SidecarSets add. */
export const FITS_ANNOTATIONS = variable(
  "fitsAnnotations",
  `variables.annotationBytes + variables.addedBytes <= ${MAX_ANNOTATION_BYTES}`,
);

/** Entries of SidecarSets that the Pod gets now, or does not get although it has their records, are dropped. */
function records(name: string, part: "full" | "withoutImage"): string {
  const kept = `${annotation(name)}.findAll(${celString(ENTRY)})` +
    `.filter(e, !variables.dropped.exists(n, e.startsWith("\\"" + n + "\\":")))`;
  return `"{" + (${kept} + variables.injected.map(p, string(p.${part}))).sort().join(",") + "}"`;
}

/** The parts of all injected SidecarSets in their order. */
function parts(name: string): string {
  return `variables.injected.map(p, p.${name}).flatten()`;
}

/** What the Pod gets, from `variables.injected` and `variables.dropped`. */
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
  variable(
    "ownNames",
    `object.spec.containers.filter(c, !(${IS_MARKED})).map(c, c.name)`,
  ),
  variable(
    "newAnnotations",
    `[{"key": ${celString(HASH_ANNOTATION)}, "value": ${records(HASH_ANNOTATION, "full")}},` +
      `{"key": ${celString(HASH_WITHOUT_IMAGE_ANNOTATION)}, "value": ${
        records(HASH_WITHOUT_IMAGE_ANNOTATION, "withoutImage")
      }},` +
      `{"key": ${celString(INJECTED_LIST_ANNOTATION)}, "value": ` +
      "(variables.listed.filter(n, !(n in variables.dropped)) + " +
      'variables.injected.map(p, string(p.name))).distinct().sort().join(",")}] + ' +
      `(variables.front.size() > 0 && variables.ownNames.size() > 0 && ` +
      `!(${celString(DEFAULT_CONTAINER_ANNOTATION)} in variables.annotations) ? ` +
      `[{"key": ${celString(DEFAULT_CONTAINER_ANNOTATION)}, ` +
      '"value": string(variables.ownNames[0])}] : []) + ' +
      `${parts("overwritten")} + ${parts("retained")}.filter(a, !(a.key in variables.annotations))`,
  ),
];

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

/** The JSON patch; empty where the Pod gets nothing. */
export const PATCH = `variables.injected.size() == 0 ? [] : [
has(object.metadata.annotations) ? [] : [${
  operation("add", { path: '"/metadata/annotations"', value: "{}" })
}],
variables.newAnnotations.map(a, ${
  operation("add", {
    path: '"/metadata/annotations/" + jsonpatch.escapeKey(string(a.key))',
    value: "a.value",
  })
}),
${place("containers", { front: "variables.front", behind: "variables.behind" })},
${place("initContainers", { front: "variables.initFront", behind: "variables.initBehind" })},
${place("volumes", { behind: "variables.newVolumes" })},
${REMOVE_DOUBLED_SECRETS},
${place("imagePullSecrets", { behind: "variables.newSecrets" })}
].flatten()`;

function variable(name: string, expression: string): NamedExpression {
  return { name, expression };
}
