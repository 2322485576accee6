import { GROUP, INSTALLATION, KIND, STORAGE_VERSION } from "../../api/names.ts";
import type { KubeObject } from "../../api/objects.ts";
import type { Pod } from "../../api/pod.ts";
import { isInjectedBy } from "../../core/annotations/injected_list.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { isForbidden } from "../../kube/errors.ts";
import { create } from "../../kube/requests.ts";
import { resources } from "../../kube/resources.ts";
import { send } from "../../kube/response.ts";
import { examplePod } from "../pods/example_pod.ts";
import { outcomeOf, type OutcomeOptions } from "../pods/outcome.ts";
import { counted } from "../terminal/output.ts";
import { type Check, checkNamed } from "./check.ts";
import { type Facts, isKnown, UNKNOWN_CLUSTER, withLog } from "./facts.ts";

const REACH =
  "make the webhook reachable from the API server: check the Service's endpoints, the NetworkPolicy " +
  "and the controller's /readyz";

/** How to find out why the API server does not reach the webhook; the commands need a controller in the cluster. */
function reaching(facts: Facts): [advice: string, ...commands: string[]] {
  const [advice, ...logs] = withLog(REACH, facts);
  if (logs.length === 0) return [advice];
  const selector = `kubernetes.io/service-name=${INSTALLATION}-webhook`;
  const endpoints = `kubectl -n ${facts.systemNamespace} get endpointslices -l ${selector}`;
  return [advice, endpoints, ...logs];
}

/** Proves with a dry run that the API server calls the validating webhook: only the webhook refuses this SidecarSet. */
export async function checkValidation(facts: Facts): Promise<Check> {
  const check = checkNamed("webhook answers about SidecarSets");
  const body: KubeObject & { spec: unknown } = {
    apiVersion: `${GROUP}/${STORAGE_VERSION}`,
    kind: KIND,
    metadata: { name: "sidecarset-doctor" },
    spec: {
      selector: { matchLabels: { "sidecarset-doctor": "none" } },
      containers: [{ name: "probe", image: "example.com/probe:1" }],
      injectionStrategy: { revision: { revisionName: "sidecarset-doctor-none" } },
    },
  };
  try {
    await send(facts.client, create(resources.sidecarSets, { body, dryRun: true }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes("sidecarset-doctor-none")) {
      return check.ok("it refused an invalid SidecarSet");
    }
    if (isForbidden(error)) return check.skipped("this user may not create SidecarSets");
    return check.error(message, ...reaching(facts));
  }
  return check.error("a SidecarSet that pins a missing revision was accepted", ...reaching(facts));
}

/** Maximum number of dry runs; more prove nothing. */
const MAX_PROBES = 10;

/** Proves with dry runs that selected Pods are injected. */
export async function checkInjection(facts: Facts): Promise<Check[]> {
  const check = checkNamed("webhook injects Pods");
  const { cluster } = facts;
  if (!isKnown(cluster)) return [check.skipped(UNKNOWN_CLUSTER)];
  const probes = cluster.sidecarSets.flatMap((prepared) =>
    probesOf(prepared, { ...facts, cluster })
  )
    .slice(0, MAX_PROBES);
  if (probes.length === 0) {
    return [check.skipped("no SidecarSet would be injected into a new Pod")];
  }
  const checks = await Promise.all(probes.map((probe) => tryProbe(probe, facts)));
  const complaints = checks.filter((each) => each !== undefined);
  const injected = probes.length - complaints.length;
  return [
    ...injected > 0 ? [check.ok(`dry runs injected ${counted(injected, "SidecarSet")}`)] : [],
    ...complaints,
  ];
}

interface Probe {
  readonly prepared: PreparedSidecarSet;
  readonly pod: Pod;
}

/** A Pod that must get the SidecarSet; empty if no such Pod is possible. */
function probesOf(prepared: PreparedSidecarSet, options: OutcomeOptions): Probe[] {
  const pod = examplePod(prepared, options);
  if (pod === undefined || prepared.problems.length > 0) return [];
  const { injection } = outcomeOf({ title: "", pod }, options);
  const isInjected = injection.injected.some(({ sidecarSet }) => sidecarSet === prepared.name);
  return isInjected ? [{ prepared, pod }] : [];
}

/** @returns undefined if the Pod was injected. */
async function tryProbe(
  { prepared, pod }: Probe,
  facts: Facts,
): Promise<Check | undefined> {
  const { client, program } = facts;
  const { name, sidecarSet } = prepared;
  const check = checkNamed(`webhook injects SidecarSet ${name}`);
  const { namespace = "" } = pod.metadata;
  try {
    const options = { namespace, body: pod, dryRun: true };
    const stored = await send(client, create(resources.pods, options));
    if (isInjectedBy(stored, sidecarSet)) return undefined;
    const [, ...commands] = reaching(facts);
    return check.error(
      `a Pod that it selects was created without its sidecars, in namespace ${namespace}`,
      `${REACH}; look for other causes:`,
      ...commands,
      `${program} explain pods -n ${namespace}`,
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isForbidden(error)) {
      return check.skipped(`no Pod can be created in namespace ${namespace}: ${message}`);
    }
    return check.error(message, ...reaching(facts));
  }
}
