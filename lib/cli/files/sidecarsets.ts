import type { ControllerRevision } from "../../api/objects.ts";
import { GROUP, KIND, VERSIONS } from "../../api/names.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { completeSidecarSet } from "../../core/defaults/sidecarset.ts";
import { prepareSidecarSet } from "../../core/defaults/prepare.ts";
import { policyObstacles } from "../../core/admission_policy/blockers.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { compareRevisions } from "../../core/revision/comparisons.ts";
import { planRevisions } from "../../core/revision/plan.ts";
import { likelyName, unknownFields } from "../../core/validate/unknown_fields.ts";
import { validateSidecarSet } from "../../core/validate/validate.ts";
import { type Finding, findingOf, lineOfField } from "./findings.ts";
import type { Manifest } from "./manifests.ts";

const API_VERSIONS = VERSIONS.map((version) => `${GROUP}/${version}`);

/** The SidecarSets of files. */
export interface CheckedSidecarSets {
  /** SidecarSets without errors. */
  readonly sidecarSets: readonly PreparedSidecarSet[];
  readonly sidecarSetCount: number;
  readonly findings: readonly Finding[];
}

/** The objects that the validation of a SidecarSet depends on. */
interface ValidationContext {
  readonly revisions: readonly ControllerRevision[];
  readonly allowList: string | undefined;
  /** The SidecarSets of the cluster; undefined if only files are known. */
  readonly stored?: readonly SidecarSet[];
}

/** Reads and validates the SidecarSets among the objects, including conflicts between them. */
export function checkSidecarSets(
  manifests: readonly Manifest[],
  context: ValidationContext,
): CheckedSidecarSets {
  const candidates = manifests.filter(isSidecarSet).map((manifest) => ({
    manifest,
    prepared: prepare(manifest, context),
  }));
  const ofFiles = candidates.flatMap(({ prepared }) => prepared?.sidecarSet ?? []);
  const names = new Set(candidates.map(({ manifest }) => manifest.name));
  const others = [
    ...ofFiles,
    ...(context.stored ?? []).filter(({ metadata }) => !names.has(metadata.name ?? "")),
  ];
  const findings = manifests.flatMap(checkKind);
  const sidecarSets: PreparedSidecarSet[] = [];
  const first = new Map<string, Manifest>();
  for (const { manifest, prepared } of candidates) {
    const own = [
      ...checkVersion(manifest),
      ...checkFields(manifest),
      ...checkUnique(manifest, first.get(manifest.name)),
      ...validate(manifest, { others, ...context }),
    ];
    if (!first.has(manifest.name)) first.set(manifest.name, manifest);
    if (prepared && usesPolicy(prepared)) own.push(...checkMechanism(manifest, prepared));
    for (const finding of own) findings.push(finding);
    if (prepared && own.every(({ severity }) => severity === "warning")) sidecarSets.push(prepared);
  }
  return { sidecarSets, sidecarSetCount: candidates.length, findings };
}

function isSidecarSet({ apiVersion, kind }: Manifest): boolean {
  return kind === KIND && apiVersion.split("/")[0] === GROUP;
}

function prepare(
  { object }: Manifest,
  { revisions }: ValidationContext,
): PreparedSidecarSet | undefined {
  const read = prepareSidecarSet(object);
  if (!read.ok) return undefined;
  const { latest } = planRevisions({
    prepared: read.value,
    stored: revisions,
    inUse: new Set(),
    collisionCount: read.value.sidecarSet.status?.collisionCount ?? 0,
    namespace: "",
  });
  return {
    ...read.value,
    revisionName: latest,
    revisions: compareRevisions(read.value.sidecarSet, revisions),
  };
}

/** Finds objects with a misspelt kind or group of SidecarSet. */
function checkKind(manifest: Manifest): Finding[] {
  const { kind, apiVersion } = manifest;
  const [group = ""] = apiVersion.split("/");
  if (kind === KIND) {
    const isMeant = group !== GROUP && likelyName(group, [GROUP]) !== undefined;
    return isMeant ? [wrongValue(manifest, { field: "apiVersion", known: API_VERSIONS })] : [];
  }
  const isMeant = kind.toLowerCase() === KIND.toLowerCase() ||
    (group === GROUP && likelyName(kind, [KIND]) !== undefined);
  return isMeant ? [wrongValue(manifest, { field: "kind", known: [KIND] })] : [];
}

function checkFields(manifest: Manifest): Finding[] {
  return unknownFields(manifest.object).map(({ field, remedy }) =>
    findingOf(manifest, {
      severity: "warning",
      field,
      reason: "UnknownField",
      message: `is unknown: ${remedy}`,
    })
  );
}

function checkMechanism(manifest: Manifest, { sidecarSet }: PreparedSidecarSet): Finding[] {
  return policyObstacles(sidecarSet).map(({ message, subject = "" }) =>
    findingOf(manifest, {
      severity: "warning",
      field: subject,
      reason: "PolicyUnsupported",
      message: `${message.slice(subject.length).trimStart()}; until then the webhook injects`,
    })
  );
}

function wrongValue(
  manifest: Manifest,
  { field, known }: { field: "kind" | "apiVersion"; known: readonly string[] },
): Finding {
  return findingOf(manifest, {
    field,
    reason: "FieldValueNotSupported",
    message: `must be ${known.length > 1 ? "one of " : ""}${known.join(", ")}: ` +
      `current value is ${manifest[field]}`,
  });
}

function checkVersion(manifest: Manifest): Finding[] {
  if (API_VERSIONS.includes(manifest.apiVersion)) return [];
  return [wrongValue(manifest, { field: "apiVersion", known: API_VERSIONS })];
}

function checkUnique(manifest: Manifest, earlier: Manifest | undefined): Finding[] {
  if (earlier === undefined || manifest.name === "") return [];
  const place = `${earlier.document.file}:${lineOfField(earlier, "metadata.name")}`;
  return [findingOf(manifest, {
    field: "metadata.name",
    reason: "FieldValueDuplicate",
    message: `is already used by the SidecarSet at ${place}: remove or rename one of them`,
  })];
}

function validate(
  manifest: Manifest,
  { others, revisions, allowList, stored }: ValidationContext & { others: readonly SidecarSet[] },
): Finding[] {
  const old = stored?.find(({ metadata }) => metadata.name === manifest.name);
  const problems = validateSidecarSet({
    operation: old === undefined ? "CREATE" : "UPDATE",
    ...(old === undefined ? {} : { old }),
    object: completeSidecarSet(manifest.object),
    others,
    revisions,
    ...(allowList === undefined ? {} : { allowList }),
    requireAllowList: false,
  });
  return problems.map((problem) =>
    findingOf(manifest, {
      ...problem,
      // Objects that are missing in the files can exist in the cluster.
      severity: problem.reason === "FieldValueNotFound" && stored === undefined
        ? "warning"
        : "error",
    })
  );
}
