import { INSTALLATION } from "../../runtime/control.ts";
import { type Check, checkNamed } from "./check.ts";
import { deployedContainers, type Facts } from "./facts.ts";

/** Whether somebody leads, and how many replicas are ready. */
export function checkController(facts: Facts): Check[] {
  return [checkLeader(facts), checkReplicas(facts)];
}

function checkLeader({ lease, systemNamespace, now }: Facts): Check {
  const check = checkNamed("leader");
  const start = "start a controller, or see why it does not get ready: its log and /readyz say it";
  if (lease === "forbidden") {
    return check.skipped(`this user may not read Leases of ${systemNamespace}`);
  }
  if (lease === "absent") {
    return check.error(`there is no Lease ${systemNamespace}/${INSTALLATION}`, start);
  }
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 15 } = lease.spec ?? {};
  if (holderIdentity === "") return check.error("nobody holds the Lease", start);
  const age = Math.round((now.getTime() - Date.parse(renewTime)) / 1_000);
  if (age > leaseDurationSeconds) {
    return check.error(`${holderIdentity} has not renewed the Lease for ${age} s`, start);
  }
  return check.ok(`${holderIdentity} leads`);
}

function checkReplicas(facts: Facts): Check {
  const { deployment, systemNamespace, program } = facts;
  const check = checkNamed("replicas");
  const name = `${systemNamespace}/${INSTALLATION}`;
  if (deployment === "forbidden") return check.skipped(`this user may not read Deployment ${name}`);
  if (deployment === "absent") {
    return check.warning(
      `there is no Deployment ${name}: a controller can only run outside of the cluster`,
      `install it in the cluster with: ${program} manifests | kubectl apply -f -`,
    );
  }
  const wanted = deployment.spec?.replicas ?? 1;
  const ready = Number(deployment.status?.readyReplicas ?? 0);
  const see = `see kubectl -n ${systemNamespace} describe deployment ${INSTALLATION}`;
  if (ready === 0) return check.error(`none of ${wanted} replicas is ready`, see);
  if (ready < wanted) return check.warning(`${ready} of ${wanted} replicas are ready`, see);
  if (wanted === 1) {
    return check.warning(
      "there is one replica: while it is replaced, new Pods go without sidecars",
      `kubectl -n ${systemNamespace} scale deployment ${INSTALLATION} --replicas 2`,
    );
  }
  const images = deployedContainers(facts).map(({ image }) => image).join(", ");
  return check.ok(`${ready} of ${wanted} replicas of ${images} are ready`);
}
