import { defaultFieldRef } from "./core_container.ts";
import { changeEach, changeObject, fillAbsent, type JsonRecord } from "./fill.ts";

/** 0644. */
const FILE_MODE = 420;

/**
 * The defaults of one volume, for the sources that OpenKruise defaults.
 *
 * @see `apis/apps/defaults/pod.go:SetDefaultPodVolumes`
 */
export function defaultVolume(volume: JsonRecord): JsonRecord {
  if (!hasSource(volume)) return { ...volume, emptyDir: {} };
  let result = changeObject(volume, { field: "hostPath", change: hostPath });
  result = changeObject(result, { field: "secret", change: files });
  result = changeObject(result, { field: "configMap", change: files });
  result = changeObject(result, { field: "downwardAPI", change: downwardApi });
  return changeObject(result, { field: "projected", change: projected });
}

/** All fields but the name are sources; a volume with an unknown source must not get an emptyDir as well. */
function hasSource(volume: JsonRecord): boolean {
  return Object.keys(volume).some((field) => field !== "name");
}

function hostPath(source: JsonRecord): JsonRecord {
  return fillAbsent(source, { type: "" });
}

function files(source: JsonRecord): JsonRecord {
  return fillAbsent(source, { defaultMode: FILE_MODE });
}

function downwardApi(source: JsonRecord): JsonRecord {
  return changeEach(files(source), { field: "items", change: defaultFieldRef });
}

function projected(source: JsonRecord): JsonRecord {
  return changeEach(files(source), { field: "sources", change: projection });
}

function projection(source: JsonRecord): JsonRecord {
  const token = changeObject(source, { field: "serviceAccountToken", change: tokenLifetime });
  return changeObject(token, { field: "downwardAPI", change: fieldRefItems });
}

function tokenLifetime(token: JsonRecord): JsonRecord {
  return fillAbsent(token, { expirationSeconds: 3600 });
}

function fieldRefItems(source: JsonRecord): JsonRecord {
  return changeEach(source, { field: "items", change: defaultFieldRef });
}
