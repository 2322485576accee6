import { isObject } from "../../api/json.ts";

/**
 * Fields of containers and volumes that came after Kubernetes 1.34, by the field that holds them. The first version
 * with policies may lack them, and then refuses every Pod that a policy gives such a field to; it drops them from
 * the patch of a webhook.
 */
const NEWER_FIELDS: Readonly<Record<string, readonly string[]>> = {
  volumeMounts: ["bindMountOptions"],
  httpGet: ["protocol"],
  grpc: ["mode"],
  emptyDir: ["mode"],
  secret: ["defaultUser"],
  configMap: ["defaultUser"],
  downwardAPI: ["defaultUser"],
  projected: ["defaultUser"],
  items: ["user"],
  serviceAccountToken: ["user"],
  clusterTrustBundle: ["user"],
  podCertificate: ["user", "userAnnotations"],
};

/** The name of the first such field; undefined if every version with policies knows all fields. */
export function newerField(value: unknown, holder = ""): string | undefined {
  if (Array.isArray(value)) return firstOf(value, (each) => newerField(each, holder));
  if (!isObject(value)) return undefined;
  const found = NEWER_FIELDS[holder]?.find((field) => value[field] !== undefined);
  return found ??
    firstOf(Object.entries(value), ([field, member]) => newerField(member, field));
}

function firstOf<T>(
  list: readonly T[],
  find: (each: T) => string | undefined,
): string | undefined {
  for (const each of list) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
