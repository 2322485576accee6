import type { FieldProblem, Read } from "../../api/problems.ts";
import { isObject } from "../../api/json.ts";
import { HASH_ANNOTATION, HASH_WITHOUT_IMAGE_ANNOTATION } from "../../api/names.ts";
import type { UpgradeSpec } from "../../api/pod.ts";
import { BoundedMap } from "../bounded_map.ts";
import type { ObservedPod } from "../observed_pod.ts";
import { compareUtf8, escaped } from "../json/go_json.ts";

/** The records in a Pod's two hash annotations, by SidecarSet name. */
interface UpgradeSpecs {
  readonly full: ReadonlyMap<string, UpgradeSpec>;
  readonly withoutImage: ReadonlyMap<string, UpgradeSpec>;
}

const NONE: ReadonlyMap<string, UpgradeSpec> = new Map();

/**
 * Records by their text. Several rules read the records of a Pod when it is classified, and Pods that were upgraded
 * within a second have equal ones.
 */
const known = new BoundedMap<ReadonlyMap<string, UpgradeSpec>>({
  maxEntries: 64,
  maxCharacters: 262_144,
});

/**
 * Reads both hash annotations, in OpenKruise's current form or the old one (hash text by SidecarSet name). Absent
 * or empty annotations have no entries.
 * Source: `pkg/webhook/pod/mutating/sidecarset.go:buildSidecars`.
 *
 * @returns a problem for each annotation that has another form
 */
export function readUpgradeSpecs(pod: ObservedPod): Read<UpgradeSpecs> {
  const annotations = pod.metadata.annotations;
  const full = specsOf(annotations?.[HASH_ANNOTATION]);
  const withoutImage = specsOf(annotations?.[HASH_WITHOUT_IMAGE_ANNOTATION]);
  if (full !== undefined && withoutImage !== undefined) {
    return { ok: true, value: { full, withoutImage } };
  }
  const problems: FieldProblem[] = [];
  if (full === undefined) problems.push(unreadable(HASH_ANNOTATION));
  if (withoutImage === undefined) problems.push(unreadable(HASH_WITHOUT_IMAGE_ANNOTATION));
  return { ok: false, problems };
}

/** The text of one hash annotation, byte for byte as OpenKruise writes it. */
export function upgradeSpecsText(specs: ReadonlyMap<string, UpgradeSpec>): string {
  const names = [...specs.keys()].sort(compareUtf8);
  const members: string[] = [];
  for (const name of names) {
    const spec = specs.get(name);
    if (spec === undefined) continue;
    members.push(`${JSON.stringify(name)}:${upgradeSpecText(spec)}`);
  }
  return escaped(`{${members.join(",")}}`);
}

/** Members in the order of the Go struct, without an unknown revision. */
function upgradeSpecText(spec: UpgradeSpec): string {
  return JSON.stringify({
    updateTimestamp: spec.updateTimestamp,
    hash: spec.hash,
    sidecarSetName: spec.sidecarSetName,
    sidecarList: spec.sidecarList,
    ...(spec.controllerRevision ? { controllerRevision: spec.controllerRevision } : {}),
  });
}

function specsOf(text: string | undefined): ReadonlyMap<string, UpgradeSpec> | undefined {
  if (text === undefined || text === "") return NONE;
  const kept = known.get(text);
  if (kept !== undefined) return kept;
  const specs = parsedSpecs(text);
  if (specs !== undefined) known.add(text, specs);
  return specs;
}

function parsedSpecs(text: string): ReadonlyMap<string, UpgradeSpec> | undefined {
  const parsed = parseObject(text);
  if (parsed === undefined) return undefined;
  const entries = Object.entries(parsed);
  const oldForm = entries.every(([, entry]) => typeof entry === "string");
  const specs = new Map<string, UpgradeSpec>();
  for (const [name, entry] of entries) {
    const spec = oldForm ? specOfHash(name, entry) : specOf(entry);
    if (spec === undefined) return undefined;
    specs.set(name, spec);
  }
  return specs;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function specOfHash(sidecarSetName: string, hash: unknown): UpgradeSpec | undefined {
  if (typeof hash !== "string") return undefined;
  return { updateTimestamp: null, hash, sidecarSetName, sidecarList: null };
}

function specOf(entry: unknown): UpgradeSpec | undefined {
  if (!isObject(entry)) return undefined;
  const { updateTimestamp = null, hash = "", sidecarSetName = "", sidecarList = null } = entry;
  const { controllerRevision = "" } = entry;
  if (typeof hash !== "string" || typeof sidecarSetName !== "string") return undefined;
  if (updateTimestamp !== null && typeof updateTimestamp !== "string") return undefined;
  if (sidecarList !== null && !isStrings(sidecarList)) return undefined;
  if (typeof controllerRevision !== "string") return undefined;
  return {
    updateTimestamp,
    hash,
    sidecarSetName,
    sidecarList,
    ...(controllerRevision === "" ? {} : { controllerRevision }),
  };
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function unreadable(annotation: string): FieldProblem {
  return {
    reason: "FieldValueInvalid",
    field: `metadata.annotations[${annotation}]`,
    message: "must be a JSON object of the SidecarSets' hashes: remove the annotation",
  };
}
