import { isObject } from "../../api/json.ts";
import { ALLOW_LIST_CONFIG_MAP } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed, isForbidden } from "../../kube/errors.ts";
import { create } from "../../kube/requests.ts";
import { type Resource, resource } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import { objectsBesideDefinition } from "../manifests/installation.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, installCommand } from "./facts.ts";

interface Review extends KubeObject {
  spec: unknown;
  status?: { allowed?: boolean };
}

const selfReviews: Resource<Review> = reviews("SelfSubjectAccessReview");
const subjectReviews: Resource<Review> = reviews("SubjectAccessReview");

function reviews(kind: string): Resource<Review> {
  const plural = `${kind.toLowerCase()}s`;
  return resource({ apiVersion: "authorization.k8s.io/v1", kind, plural, namespaced: false });
}

/** A permission in the terms of access reviews. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** Permissions that status, explain, diff and rollout need. */
function ownRights(namespace: string): Right[] {
  const restarted = ["deployments", "statefulsets", "daemonsets"];
  return [
    { group: "apps.kruise.io", resource: "sidecarsets", verb: "list" },
    { group: "apps.kruise.io", resource: "sidecarsets", verb: "patch" },
    { group: "", resource: "pods", verb: "list" },
    { group: "", resource: "namespaces", verb: "list" },
    { group: "", resource: "configmaps", verb: "get", namespace },
    { group: "apps", resource: "controllerrevisions", verb: "list", namespace },
    { group: "apps", resource: "replicasets", verb: "get" },
    ...restarted.map((resource) => ({ group: "apps", resource, verb: "patch" })),
  ];
}

/** Checks this user's permissions for the commands. */
export async function checkOwnRights({ client, systemNamespace }: Facts): Promise<Check> {
  const check = checkNamed("your rights");
  try {
    const missing = await missingOwnRights(client, ownRights(systemNamespace));
    if (missing.length === 0) return check.ok("suffice for status, explain, diff and rollout");
    return check.warning(
      `lack: ${missing.join(", ")}`,
      "request them if you need status, explain, diff and rollout: the ClusterRole view grants those to " +
        "read, sidecarset-edit and edit those to change",
    );
  } catch (error) {
    if (isForbidden(error)) {
      return check.skipped("this user may not create SelfSubjectAccessReviews");
    }
    throw error;
  }
}

/**
 * The rights that this user lacks, as text such as `patch sidecarsets.apps.kruise.io`. Rejects with the API server's
 * error.
 */
export function missingOwnRights(client: RestClient, rights: readonly Right[]): Promise<string[]> {
  return refused(
    rights,
    (resourceAttributes) =>
      send(client, create(selfReviews, { body: { metadata: {}, spec: { resourceAttributes } } })),
  );
}

/** The rights that the review denies. */
async function refused(
  rights: readonly Right[],
  review: (right: Right) => Promise<Review>,
): Promise<string[]> {
  const answers = await Promise.all(rights.map(async (right) => {
    const { status } = await review(right);
    return status?.allowed === true ? [] : [right];
  }));
  return textsOfRights(answers.flat());
}

/** Whether the controller's ServiceAccount has the rights that its manifests grant. */
export async function checkControllerRights(facts: Facts): Promise<Check> {
  const check = checkNamed("controller's rights");
  const rights = grantedRights(facts.systemNamespace);
  const missing = await missingOf(rights, facts);
  const user = userOf(facts);
  if (missing === undefined) return check.skipped("this user may not create SubjectAccessReviews");
  if (missing.length === 0) return check.ok(`${user} has the rights that the manifests grant`);
  return check.error(
    `${user} may not ${missing.join(", ")}`,
    "apply the ClusterRole, the Role and their bindings again:",
    installCommand(facts),
  );
}

/** Whether the controller may read OpenKruise's objects; undefined if this user may not review that. */
export async function mayReadRetained(
  facts: Facts,
  namespace: string,
): Promise<boolean | undefined> {
  const rights = [
    { group: "apps", resource: "controllerrevisions", verb: "list", namespace },
    { group: "", resource: "configmaps", verb: "get", namespace, name: ALLOW_LIST_CONFIG_MAP },
  ];
  const missing = await missingOf(rights, facts);
  return missing && missing.length === 0;
}

function userOf({ systemNamespace }: Facts): string {
  return `system:serviceaccount:${systemNamespace}:sidecarset`;
}

/** Missing rights of the controller's ServiceAccount; undefined if this user may not review them. */
function missingOf(rights: readonly Right[], facts: Facts): Promise<string[] | undefined> {
  const user = userOf(facts);
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${facts.systemNamespace}`];
  return ifAllowed(refused(rights, (resourceAttributes) => {
    const body = { metadata: {}, spec: { user, groups, resourceAttributes } };
    return send(facts.client, create(subjectReviews, { body }));
  }));
}

/** The rights that the manifests grant to the controller's ServiceAccount, one by one. */
function grantedRights(namespace: string): Right[] {
  const objects = objectsBesideDefinition({ namespace });
  const bound = new Set(objects.flatMap(boundRole));
  return objects.flatMap(({ kind, metadata, rules }) => {
    if (!isObject(metadata) || !bound.has(`${kind}/${metadata.name}`)) return [];
    if (!Array.isArray(rules)) return [];
    const place = kind === "Role" ? { namespace } : {};
    return rules.filter(isObject).flatMap((rule) =>
      textsOf(rule.apiGroups).flatMap((group) =>
        textsOf(rule.resources).flatMap((path) =>
          textsOf(rule.verbs).flatMap((verb) => {
            const [plural = "", subresource] = path.split("/");
            const right = {
              group,
              resource: plural,
              verb,
              ...place,
              ...(subresource === undefined ? {} : { subresource }),
            };
            const names = textsOf(rule.resourceNames);
            return names.length === 0 ? [right] : names.map((name) => ({ ...right, name }));
          })
        )
      )
    );
  });
}

/** The role that a binding grants to a ServiceAccount, as `kind/name`. The other roles are for users. */
function boundRole({ roleRef, subjects }: Record<string, unknown>): string[] {
  if (!isObject(roleRef) || !Array.isArray(subjects)) return [];
  const isBound = subjects.some((subject) =>
    isObject(subject) && subject.kind === "ServiceAccount"
  );
  return isBound ? [`${roleRef.kind}/${roleRef.name}`] : [];
}

function textsOf(values: unknown): string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
}

/** `get/list/watch pods`, one for each kind of object. */
function textsOfRights(rights: readonly Right[]): string[] {
  const byPlace = Map.groupBy(rights, placeOf);
  return [...byPlace].map(([place, same]) => `${same.map(({ verb }) => verb).join("/")} ${place}`);
}

function placeOf({ group, resource, subresource, name, namespace }: Right): string {
  const path = [resource, subresource].filter(Boolean).join("/");
  const full = group === "" ? path : `${path}.${group}`;
  return [full, name, namespace && `in ${namespace}`].filter(Boolean).join(" ");
}
