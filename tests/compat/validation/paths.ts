const LISTS =
  "containers|initContainers|volumes|volumeMounts|volumeDevices|env|envFrom|ports|sources|items";
/** Paths that OpenKruise or Kubernetes report and that name no field of the object. */
const PECULIAR = [
  /^(revision|updateStrategy|patchPodMetadata)\b/,
  /^spec\[/,
  /^spec\.container\./,
  /[sS]elector\.selector$/,
  /\.projected\.path$/,
  new RegExp(`\\.(${LISTS})\\.`),
];

/** Whether a recorded path names a field of the object. */
export function isProperPath(field: string): boolean {
  return /^(metadata|spec)\b/.test(field) && !PECULIAR.some((pattern) => pattern.test(field));
}

/** Whether a field is the recorded one or lies in it: problems name the most exact field. */
export function isWithin(field: string, recorded: string): boolean {
  // Names of init containers that clash are recorded under containers.
  if (recorded === "spec.containers" && isWithin(field, "spec.initContainers")) return true;
  return field === recorded || field.startsWith(`${recorded}.`) ||
    field.startsWith(`${recorded}[`);
}
