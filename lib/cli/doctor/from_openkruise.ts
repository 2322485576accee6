import { CRD_NAME, INSTALLATION } from "../../api/names.ts";
import type { CustomResourceDefinition } from "../../api/objects.ts";
import { openKruiseDifferences } from "../../core/validate/openkruise_differences.ts";
import type { RestClient } from "../../kube/contract.ts";
import { ifAllowed } from "../../kube/errors.ts";
import {
  findOpenKruise,
  type OpenKruiseActivity,
  openKruiseActivity,
  openKruiseManager,
} from "../../kube/openkruise.ts";
import { resources } from "../../kube/resources.ts";
import { preparedOf } from "../cluster/live_cluster.ts";
import { readIfPresent } from "../cluster/reading.ts";
import { counted, listed } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { helmOwnerOf } from "../cluster/helm_owner.ts";
import { readHelmRelease } from "./helm_release.ts";
import { checkVersions, readStored, type StoredSidecarSets } from "./stored_versions.ts";

const DELETE_WEBHOOKS = [
  "kubectl delete mutatingwebhookconfiguration kruise-mutating-webhook-configuration --ignore-not-found",
  "kubectl delete validatingwebhookconfiguration kruise-validating-webhook-configuration --ignore-not-found",
];

interface MigrationOptions {
  readonly now: Date;
  /** Namespace of OpenKruise, unless its webhooks name another one. */
  readonly openKruiseNamespace: string;
  /** Command that applies this program's installation. */
  readonly install: string;
}

/** Checks that a migration from OpenKruise loses no SidecarSet; before, during and after it. */
export async function checkMigration(
  client: RestClient,
  { now, openKruiseNamespace, install }: MigrationOptions,
): Promise<Check[]> {
  const crd = await ifAllowed(
    readIfPresent(client, resources.customResourceDefinitions, { name: CRD_NAME })
      .then((found) => found ?? "absent" as const),
  );
  const owner = checkNamed("owner of the CustomResourceDefinition");
  if (crd === undefined) return [owner.skipped(`this user may not read ${CRD_NAME}`)];
  if (crd === "absent") {
    return [owner.ok(`${CRD_NAME} does not exist: there is nothing to migrate`)];
  }
  const { signal } = new AbortController();
  const namespace = await findOpenKruise({ client, signal }, crd) ?? openKruiseNamespace;
  const place = { client, namespace, signal, now };
  const activity = await ifAllowed(openKruiseActivity(place));
  const manager = await ifAllowed(openKruiseManager(place).then((found) => found ?? "absent"));
  const stored = await readStored(client, crd);
  return [
    await checkOwner(client, crd),
    checkVersions(crd, { stored, manager, install }),
    await checkWebhooks(client, { activity, namespace }),
    checkMeaning(stored),
    checkFinalizers(crd, stored),
  ];
}

/** Checks that no Helm release deletes the CustomResourceDefinition when it is uninstalled. */
async function checkOwner(
  client: RestClient,
  { metadata }: CustomResourceDefinition,
): Promise<Check> {
  const check = checkNamed("owner of the CustomResourceDefinition");
  const owner = helmOwnerOf(metadata);
  if (owner === undefined) return check.ok("no Helm release owns it");
  const { name, namespace } = owner;
  const title = `Helm release ${namespace}/${name}`;
  const release = await ifAllowed(
    readHelmRelease(client, { name, namespace }).then((found) => found ?? "absent" as const),
  );
  if (release === undefined) {
    return check.warning(
      `${title} may own it: this user may not read its Secret`,
      "the command prints nothing if the release does not have it:",
      `helm get manifest ${name} -n ${namespace} | grep 'name: ${CRD_NAME}'`,
    );
  }
  if (release === "absent") return check.ok(`${title} created it and is not deployed any more`);
  const document = release.manifest.split(/^---/m).find((text) =>
    text.includes("kind: CustomResourceDefinition") &&
    new RegExp(`^ +name: "?${CRD_NAME.replaceAll(".", "\\.")}"?\\s*$`, "m").test(text)
  );
  if (document === undefined) return check.ok(`it is not part of ${title}`);
  if (/helm\.sh\/resource-policy"?: "?keep/.test(document)) {
    return check.ok(`${title} has it and keeps it on uninstall`);
  }
  const { chart } = release;
  return check.error(
    `helm uninstall ${name} would delete it, and every SidecarSet with it: it is part of ${title}, ` +
      "and an annotation in the cluster does not prevent that",
    "take it out of the release, which an upgrade then keeps:",
    `kubectl annotate crd ${CRD_NAME} helm.sh/resource-policy=keep --overwrite`,
    `helm upgrade ${name} openkruise/${chart.name} -n ${namespace} --version ${chart.version} ` +
      "--reuse-values --set crds.managed=false",
  );
}

/** Checks that not both programs have webhooks for SidecarSets. */
async function checkWebhooks(
  client: RestClient,
  { activity, namespace }: { activity: OpenKruiseActivity | undefined; namespace: string },
): Promise<Check> {
  const check = checkNamed("webhooks for SidecarSets");
  if (activity === undefined) return check.skipped("this user may not read webhook configurations");
  const own = await readIfPresent(client, resources.mutatingWebhookConfigurations, {
    name: INSTALLATION,
  });
  if (activity.state === "left") {
    return check.error(
      `OpenKruise does not run, but its webhooks are registered: ${
        activity.configurations.join(" and ")
      }; the API server refuses SidecarSets`,
      "delete them:",
      ...DELETE_WEBHOOKS,
    );
  }
  if (activity.state === "absent") {
    return check.ok(own ? "only this program has them" : "neither program has them");
  }
  if (own === undefined) {
    return check.ok("OpenKruise manages SidecarSets; stop it before you install this program");
  }
  return check.error(
    `both programs have them: ${activity.problem}`,
    "stop OpenKruise's SidecarSet:",
    `kubectl -n ${namespace} scale deployment kruise-controller-manager --replicas=0`,
    ...DELETE_WEBHOOKS,
  );
}

/** Reports SidecarSets that mean something else, or are refused, after the migration. */
function checkMeaning(stored: StoredSidecarSets): Check {
  const check = checkNamed("SidecarSets keep their meaning");
  if (stored.state !== "read") return check.skipped(stored.reason);
  const { objects } = stored;
  const prepared = objects.map((object) => preparedOf(object, []));
  const invalid = prepared.flatMap(({ name, problems: [problem] }) =>
    problem ? [`${name}: ${problem.field} ${problem.message}`] : []
  );
  if (invalid.length > 0) {
    return check.error(
      `not valid here, so not injected: ${invalid.join("; ")}`,
      "fix the fields; all problems are listed by:",
      "kubectl get sidecarsets -o yaml | sidecarset validate -f -",
    );
  }
  const different = prepared.flatMap(({ name, sidecarSet }) =>
    openKruiseDifferences(sidecarSet).map((each) => ({ ...each, name }))
  );
  if (different.length === 0) return check.ok(`${counted(objects.length, "SidecarSet")}`);
  const texts = [...Map.groupBy(different, ({ field, message }) => `${field}: ${message}`)]
    .map(([text, same]) => `${text} (${listed(same.map(({ name }) => name))})`);
  const ignoring = different.filter(({ field }) => field === "failurePolicy");
  return check.warning(
    texts.join("; "),
    "read manifests/docs/migrate-from-openkruise.md#differences" +
      // The definition of OpenKruise drops the field.
      (ignoring.length > 0 ? "; after the installation, refuse Pods as OpenKruise does:" : ""),
    ...ignoring.map(({ name }) =>
      `kubectl patch sidecarset ${name} --type merge -p '{"spec":{"failurePolicy":"Fail"}}'`
    ),
  );
}

/** Checks for finalizers, which nothing removes once OpenKruise does not run. */
function checkFinalizers(
  { metadata }: CustomResourceDefinition,
  stored: StoredSidecarSets,
): Check {
  const check = checkNamed("finalizers");
  if (metadata.deletionTimestamp !== undefined) {
    return check.error(
      `${CRD_NAME} is being deleted, and every SidecarSet with it`,
      "save the SidecarSets, and apply them when the definition exists again:",
      "kubectl get sidecarsets -o yaml > sidecarsets.yaml",
    );
  }
  if (stored.state !== "read") return check.skipped(stored.reason);
  const held = stored.objects.filter(({ metadata }) => hasFinalizers(metadata))
    .map(({ metadata }) => metadata.name ?? "");
  if (held.length === 0) return check.ok("no SidecarSet has any");
  return check.warning(
    `of ${listed(held)}: their deletion hangs if the program that set them is gone`,
    "remove them:",
    ...held.map((name) =>
      `kubectl patch sidecarset ${name} --type merge -p '{"metadata":{"finalizers":null}}'`
    ),
  );
}

function hasFinalizers(metadata: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(metadata.finalizers) && metadata.finalizers.length > 0;
}
