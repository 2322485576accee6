import type { PolicyObject } from "../../api/admission_policy.ts";
import { INSTALLATION, POLICY_PROBE } from "../../api/names.ts";
import type { PreparedSidecarSet } from "../../core/prepared.ts";
import { usesPolicy } from "../../core/registration/selection.ts";
import type { RegistrationFacts } from "../../core/status/facts.ts";
import type { Change, SidecarSetChange } from "../../index/changes.ts";
import type { ClusterIndex } from "../../index/cluster.ts";
import type { PolicySupport } from "../../index/policies.ts";
import type { RestClient } from "../../kube/contract.ts";
import { orUndefined } from "../../kube/errors.ts";
import { Loop, type LoopEnvironment } from "../loop.ts";
import { clusterRoleOwner } from "../registration/facts.ts";
import type { Repair } from "../repair_backoff.ts";
import type { Writer } from "../writer.ts";
import { isApplied, probeObjects } from "./probe.ts";
import { PolicyReconciler } from "./reconciler.ts";

/** Collects changes that come together. */
const BATCH_DELAY_MS = 100;

interface PolicyControllerOptions extends LoopEnvironment {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly writer: Writer;
  /** The controller's namespace. */
  readonly namespace: string;
  readonly excludedNamespaces: readonly string[];
  /** Whether the registration ends with this process: then the webhook injects everything. */
  readonly temporary: boolean;
  /** See `PolicyReconcilerOptions`. */
  isReviewed(prepared: PreparedSidecarSet): boolean;
  /** Called when API servers inject other SidecarSets by themselves than before. */
  onCoverage(): void;
  onRepair(repair: Repair): void;
}

/** Keeps the MutatingAdmissionPolicy by which API servers inject SidecarSets with `mechanism: Policy`. */
export class PolicyController {
  readonly #options: PolicyControllerOptions;
  readonly #loop: Loop;
  readonly #reconciler: PolicyReconciler;
  #isStopped = false;

  constructor(options: PolicyControllerOptions) {
    const { client, index, writer, onCoverage } = options;
    this.#options = options;
    this.#loop = new Loop(options, {
      controller: "policy",
      concurrency: 1,
      task: "write the injection policy",
      keyField: "policy",
      // Followers plan the webhook registration by it.
      everyReplica: true,
      reconcile: async (_name, signal) =>
        this.#isStopped ? undefined : await this.#reconciler.reconcile(signal),
    });
    this.#reconciler = new PolicyReconciler({
      ...options,
      policies: index.policies,
      sidecarSets: () => new Map([...index.sidecarSets.values()].map((each) => [each.name, each])),
      usingPolicy: () => index.sidecarSets.usingPolicy,
      revisionsOf: (name) => index.revisions.of(name),
      support: () => this.#support(),
      owner: (signal) => clusterRoleOwner(client, { name: INSTALLATION, signal }),
      write: (desired, signal) => writer.writePolicy(desired, signal),
      deleteAll: (signal) => this.#deleteAll(signal),
      isApplied: (marker, signal) => this.#probe(marker, signal),
      onChange(names) {
        onCoverage();
        index.changes.publish({ kind: "finding", sidecarSets: names });
      },
    });
  }

  /** Whether API servers inject the Pods of a SidecarSet by themselves, so that they need no review. */
  covers(prepared: PreparedSidecarSet): boolean {
    return this.#reconciler.covers(prepared);
  }

  /** What the conditions of a SidecarSet report of its injection, given what they would report of the webhook's. */
  factsOf(prepared: PreparedSidecarSet, registration: RegistrationFacts): RegistrationFacts {
    return this.#reconciler.factsOf(prepared, registration);
  }

  /** Requeues the policy if it may have to change. */
  observe(change: Change): void {
    if (change.kind === "policy") {
      this.#reconciler.observe(change.changed);
      return this.resync();
    }
    if (change.kind === "sidecarset" && this.#mayChange(change)) this.resync();
    if (change.kind === "revision" && this.#reconciler.isUsed) this.resync();
  }

  /** Requeues the policy. */
  resync(): void {
    this.#loop.add(INSTALLATION, BATCH_DELAY_MS);
  }

  /** Works until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    this.#loop.add(INSTALLATION);
    await this.#loop.run(signal);
  }

  /** Ends writes of the policy. It stays, so that injection goes on. */
  stop(): void {
    this.#isStopped = true;
  }

  #support(): PolicySupport | undefined {
    if (!this.#options.temporary) return this.#options.index.policies.support;
    return {
      isServed: false,
      problem: "the controller runs outside the cluster and removes its registration when it ends",
    };
  }

  /** Most changes are of the status. */
  #mayChange({ before, after }: SidecarSetChange): boolean {
    const isConcerned = [before, after].some((each) => each !== undefined && usesPolicy(each)) ||
      this.#reconciler.isUsed;
    if (!isConcerned) return false;
    if (before === undefined || after === undefined) return true;
    const { metadata } = before.sidecarSet;
    const { metadata: next } = after.sidecarSet;
    return metadata.uid !== next.uid || metadata.generation !== next.generation ||
      before.revisionName !== after.revisionName;
  }

  async #probe(marker: string, signal: AbortSignal): Promise<boolean> {
    const { client, index, namespace, writer } = this.#options;
    if (await isApplied(client, { namespace, marker, signal })) return true;
    const [owner] = index.policies.policy?.metadata.ownerReferences ?? [];
    for (const each of probeObjects({ namespace, marker, owner })) {
      await writer.applyPolicy(each, signal);
    }
    return false;
  }

  async #deleteAll(signal: AbortSignal): Promise<void> {
    const { writer } = this.#options;
    for (const name of [INSTALLATION, POLICY_PROBE]) {
      for (const kind of POLICY_KINDS) {
        await orUndefined(writer.deletePolicy({ kind, name }, signal));
      }
    }
  }
}

const POLICY_KINDS: readonly PolicyObject["kind"][] = [
  "MutatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
];
