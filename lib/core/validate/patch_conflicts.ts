import type { FieldProblem } from "../../api/problems.ts";
import type { PatchContainers } from "../../api/patch_containers.ts";
import type { SidecarSet } from "../../api/sidecarset.ts";
import { compilePattern } from "../pattern.ts";

/**
 * Patches of two SidecarSets that exclude each other in one container: a variable that one of them overwrites and the
 * other sets, and another mount at the same path.
 *
 * @param described the other SidecarSet, for messages
 */
export function patchClashes(
  { spec: { patchContainers: own = [] } }: SidecarSet,
  { spec: { patchContainers: others = [] } }: SidecarSet,
  described: string,
): FieldProblem[] {
  if (own.length === 0 || others.length === 0) return [];
  return own.flatMap((mine, i) => {
    const path = `spec.patchContainers[${i}]`;
    return others.flatMap((other) => {
      const problems = [
        ...variableClashes(mine, { other, path, described }),
        ...mountClashes(mine, { other, path, described }),
      ];
      // Few patches clash, and comparing expressions costs time.
      return problems.length > 0 && mayShareContainer(mine, other) ? problems : [];
    });
  });
}

interface Other {
  readonly other: PatchContainers;
  readonly path: string;
  readonly described: string;
}

function variableClashes(
  { env = [] }: PatchContainers,
  { other, path, described }: Other,
): FieldProblem[] {
  const theirs = new Map(other.env?.map((variable) => [variable.name, variable.patchPolicy]));
  return env.flatMap(({ name, patchPolicy }, i) =>
    theirs.has(name) && [patchPolicy, theirs.get(name)].includes("Overwrite")
      ? [invalid(
        `${path}.env[${i}]`,
        `sets ${name}, as ${described} does, and one of them overwrites it: use Retain or Append in both`,
      )]
      : []
  );
}

function mountClashes(
  { volumeMounts = [] }: PatchContainers,
  { other, path, described }: Other,
): FieldProblem[] {
  const theirs = new Map(other.volumeMounts?.map((mount) => [mount.mountPath, mount]));
  return volumeMounts.flatMap((mount, i) => {
    const their = theirs.get(mount.mountPath);
    const isSame = their === undefined || (their.name === mount.name &&
      their.subPath === mount.subPath && their.subPathExpr === mount.subPathExpr);
    return isSame ? [] : [invalid(
      `${path}.volumeMounts[${i}].mountPath`,
      `is used for volume ${their.name} by ${described}: use another path`,
    )];
  });
}

/** Whether both can patch one container; of two regular expressions this is unknown, and not assumed. */
function mayShareContainer(a: PatchContainers, b: PatchContainers): boolean {
  if (a.names !== undefined && b.names !== undefined) {
    return a.names.some((name) => b.names?.includes(name));
  }
  const names = a.names ?? b.names;
  const expression = a.nameRegex ?? b.nameRegex;
  if (names === undefined) return a.nameRegex === undefined || b.nameRegex === undefined;
  if (expression === undefined) return true;
  const pattern = compilePattern(expression);
  return pattern.ok && names.some((name) => pattern.matches(name));
}

function invalid(field: string, message: string): FieldProblem {
  return { reason: "FieldValueInvalid", field, message };
}
