import type { OwnerReference } from "../../api/meta.ts";
import type { RegistrationReconciler } from "./reconciler.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import type { RegistrationFacts } from "../../core/status/facts.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { get } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import { managerText } from "../repair_backoff.ts";

/** What a SidecarSet's conditions say of the registration. */
export function registrationFacts(
  prepared: PreparedSidecarSet,
  registration: RegistrationReconciler,
): RegistrationFacts {
  const since = registration.coveredSince(prepared);
  const registeredSince = registration.mutating?.metadata.creationTimestamp;
  const inForce = {
    ...(since ? { inForceSince: since.toISOString() } : {}),
    ...(registeredSince ? { registeredSince } : {}),
    ...(registration.isRegistered ? {} : { isUnknown: true }),
  };
  const obstacle = obstacleOf(prepared, registration);
  return obstacle ? { ...inForce, obstacle } : inForce;
}

function obstacleOf(
  { name }: PreparedSidecarSet,
  registration: RegistrationReconciler,
): RegistrationFacts["obstacle"] {
  if (registration.isTooLarge(name)) {
    const message =
      "The selectors of the SidecarSets with failurePolicy Fail are too many for one " +
      "webhook entry: select by one label key, or use failurePolicy Ignore";
    return { reason: "ScopeTooLarge", message };
  }
  const { contention } = registration;
  if (contention === undefined) return undefined;
  const { kind, name: object, manager } = contention;
  const message = `${
    managerText(manager)
  } keeps changing ${kind} ${object}, so that new Pods may be created without the sidecars`;
  return { reason: "Overwritten", message };
}

/** The installation's ClusterRole, with which the registration is deleted; undefined where there is none. */
export async function clusterRoleOwner(
  client: RestClient,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<OwnerReference | undefined> {
  const role = await orUndefined(send(client, get(resources.clusterRoles, { name }), signal));
  if (role === undefined) return undefined;
  const { apiVersion, kind } = resources.clusterRoles;
  return { apiVersion, kind, name, uid: role.metadata.uid ?? "" };
}
