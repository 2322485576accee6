import { INSTALLATION } from "../../api/names.ts";
import type { Lease } from "../../api/objects.ts";
import { resources } from "../../kube/resources.ts";
import { readIfPresent } from "../cluster/reading.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { type Check, checkNamed } from "./check.ts";
import { deployedContainers, type Facts, installCommand, withLog } from "./facts.ts";

/** Checks the leader and the number of ready replicas. */
export async function checkController(
  facts: Facts,
  waiting: Pick<Terminal, "sleep">,
): Promise<Check[]> {
  return [await checkLeader(facts, waiting), checkReplicas(facts)];
}

async function checkLeader(
  facts: Facts,
  waiting: Pick<Terminal, "sleep">,
): Promise<Check> {
  const { lease, systemNamespace, now } = facts;
  const check = checkNamed("leader");
  const start = withLog(
    "start a controller, or find in its log and /readyz why it is not ready",
    facts,
  );
  if (lease === "forbidden") {
    return check.skipped(`this user may not read Leases of ${systemNamespace}`);
  }
  if (lease === "absent") {
    return check.error(`Lease ${systemNamespace}/${INSTALLATION} does not exist`, ...start);
  }
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = lease.spec ?? {};
  if (holderIdentity === "") return check.error("no controller holds the Lease", ...start);
  const age = Math.round((now.getTime() - Date.parse(renewTime)) / 1_000);
  if (Math.abs(age) <= leaseDurationSeconds) return check.ok(`${holderIdentity} leads`);
  if (!await isRenewed(lease, { facts, seconds: leaseDurationSeconds, waiting })) {
    const since = age > 0 ? `for ${age} s` : `since ${renewTime}`;
    return check.error(`${holderIdentity} has not renewed the Lease ${since}`, ...start);
  }
  const skew = `${Math.abs(age)} s ${age > 0 ? "behind" : "ahead of"}`;
  return check.warning(
    `${holderIdentity} leads, but its clock is about ${skew} the API server's`,
    "synchronize the clock of the node that it runs on",
  );
}

const POLL_INTERVAL_MS = 1_000;

/** Whether the Lease changes within its duration. Its times come from the holder's clock, so only a change counts. */
async function isRenewed(
  { metadata }: Lease,
  { facts: { client, systemNamespace }, seconds, waiting }: {
    facts: Facts;
    seconds: number;
    waiting: Pick<Terminal, "sleep">;
  },
): Promise<boolean> {
  const ref = { name: INSTALLATION, namespace: systemNamespace };
  for (let waited = 0; waited < seconds * 1_000; waited += POLL_INTERVAL_MS) {
    await waiting.sleep(POLL_INTERVAL_MS, new AbortController().signal);
    const found = await readIfPresent(client, resources.leases, ref);
    if (found?.metadata.resourceVersion !== metadata.resourceVersion) return found !== undefined;
  }
  return false;
}

function checkReplicas(facts: Facts): Check {
  const { deployment, systemNamespace } = facts;
  const check = checkNamed("replicas");
  const name = `${systemNamespace}/${INSTALLATION}`;
  if (deployment === "forbidden") return check.skipped(`this user may not read Deployment ${name}`);
  if (deployment === "absent") {
    return check.warning(
      `Deployment ${name} does not exist: a controller can only run outside the cluster`,
      "install it in the cluster with the controller's image:",
      installCommand(facts),
    );
  }
  const desired = deployment.spec?.replicas ?? 1;
  const ready = Number(deployment.status?.readyReplicas ?? 0);
  const scale = `kubectl -n ${systemNamespace} scale deployment ${INSTALLATION} --replicas 2`;
  if (desired === 0) return check.error("it is scaled to 0 replicas", "run two replicas:", scale);
  const see = `kubectl -n ${systemNamespace} describe deployment ${INSTALLATION}`;
  if (ready === 0) {
    return check.error(`none of ${desired} replicas is ready`, "find the cause:", see);
  }
  if (ready < desired) {
    return check.warning(`${ready} of ${desired} replicas are ready`, "find the cause:", see);
  }
  if (desired === 1) {
    return check.warning(
      "there is only one replica: new Pods get no sidecars while it is replaced",
      "run two replicas:",
      scale,
    );
  }
  const images = deployedContainers(facts).map(({ image }) => image).join(", ");
  return check.ok(`${ready} of ${desired} replicas of ${images} are ready`);
}
