import { isObject } from "../../api/json.ts";
import { GROUP, PLURAL, VERSIONS } from "../../api/names.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed, isNotFound } from "../../kube/errors.ts";
import { list } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import {
  findOpenKruise,
  openKruiseActivity,
  readingAdvice,
  readRetained,
} from "../../kube/openkruise.ts";
import { readIfPresent } from "../cluster/reading.ts";
import { PROGRAM_VERSION } from "../version/version.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, openKruiseNamespaceOf } from "./facts.ts";
import { mayReadRetained } from "./rights.ts";

/** First version with stable match conditions of webhooks. */
const OLDEST_MINOR = 30;

/** Checks the version of the API server. Rejects if it does not answer. */
export async function checkApiServer(client: RestClient): Promise<Check> {
  const check = checkNamed("API server");
  const version = await client.performRequest({
    method: "GET",
    path: "/version",
    expectJson: true,
  });
  const { major, minor, gitVersion } = isObject(version) ? version : {};
  const text = `version ${String(gitVersion)}; this program is ${PROGRAM_VERSION}`;
  const isOld = Number(major) === 1 && Number.parseInt(String(minor)) < OLDEST_MINOR;
  return isOld
    ? check.error(text, `use Kubernetes 1.${OLDEST_MINOR} or newer: webhooks need match conditions`)
    : check.ok(text);
}

const INSTALL = "install it with the controller's image:";

const CRD = `${PLURAL}.${GROUP}`;

/**
 * Checks that the CustomResourceDefinition serves both versions and does not need OpenKruise's conversion webhook.
 *
 * @param install Command that applies the installation.
 */
export async function checkCrd(client: RestClient, install: string): Promise<Check> {
  const check = checkNamed("CustomResourceDefinition");
  const kind = resources.customResourceDefinitions;
  const found = await ifAllowed(
    readIfPresent(client, kind, { name: CRD }).then((crd) => crd ?? "absent"),
  );
  if (found === undefined) {
    return await isServed(client)
      ? check.skipped(`this user may not read the CustomResourceDefinition ${CRD}`)
      : check.error("the API server does not serve SidecarSets", INSTALL, install);
  }
  if (found === "absent") return check.error(`${CRD} is missing`, INSTALL, install);
  const established = found.status?.conditions?.find(({ type }) => type === "Established");
  if (established?.status !== "True") {
    return check.error(
      `${CRD} is not established`,
      "find the cause:",
      `kubectl describe crd ${CRD}`,
    );
  }
  const { versions, conversion } = found.spec ?? {};
  const served = (Array.isArray(versions) ? versions : [])
    .flatMap((version) => isObject(version) && version.served === true ? [version.name] : []);
  const missing = VERSIONS.filter((version) => !served.includes(version));
  if (missing.length > 0) {
    return check.error(`${CRD} does not serve ${missing.join(" and ")}`, INSTALL, install);
  }
  if (isObject(conversion) && conversion.strategy === "Webhook") {
    return check.error(
      `${CRD} still has the conversion webhook of OpenKruise`,
      `the two versions need no conversion; ${INSTALL}`,
      install,
    );
  }
  return check.ok(`${CRD} serves ${VERSIONS.join(" and ")}`);
}

/** Whether the API server serves the kind, even if this user may not list it. */
async function isServed(client: RestClient): Promise<boolean> {
  try {
    await ifAllowed(send(client, list(resources.sidecarSets, { limit: 1 })));
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const WEBHOOK_CONFIGURATIONS = "mutatingwebhookconfigurations,validatingwebhookconfigurations";

/** Checks that OpenKruise does not manage SidecarSets, and that the controller may read the objects that it left. */
export async function checkOpenKruise(facts: Facts): Promise<Check> {
  const check = checkNamed("OpenKruise");
  const { client } = facts;
  const { signal } = new AbortController();
  const configured = openKruiseNamespaceOf(facts);
  const namespace = await findOpenKruise({ client, signal }) ?? configured;
  const place = { client, namespace, signal };
  const activity = await ifAllowed(openKruiseActivity({ ...place, now: facts.now }));
  if (activity === undefined) return check.skipped("this user may not read its objects");
  if (activity.state === "active") return check.error(activity.problem, activity.remedy);
  if (activity.state === "left") {
    return check.warning(
      `is not running, but it left ${
        activity.configurations.join(" and ")
      }: the API server still calls its webhook and refuses SidecarSets`,
      "delete them:",
      `kubectl delete ${WEBHOOK_CONFIGURATIONS} ${
        activity.configurations.join(" ")
      } --ignore-not-found`,
    );
  }
  const left = await readRetained(place);
  if (left && (left.revisions.length > 0 || left.allowList !== undefined)) {
    const text = `left revisions or an allow-list in ${namespace}, and the controller`;
    const advice = readingAdvice(namespace);
    if (namespace !== configured) {
      return check.warning(`${text} reads ${configured}`, advice);
    }
    if (await mayReadRetained(facts, namespace) === false) {
      return check.warning(`${text} may not read them`, advice);
    }
  }
  return check.ok("does not manage SidecarSets in this cluster");
}
