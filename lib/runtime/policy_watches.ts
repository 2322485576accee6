import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../api/admission_policy.ts";
import type { Clock } from "../api/clock.ts";
import type { Logger } from "../api/logger.ts";
import type { KubeObject } from "../api/objects.ts";
import type { ClusterIndex } from "../index/cluster.ts";
import type { PolicySupport } from "../index/policies.ts";
import type { RestClient } from "../kube/contract.ts";
import { isForbidden, isNotFound } from "../kube/errors.ts";
import { list } from "../kube/requests.ts";
import { resources } from "../kube/resources.ts";
import { send } from "../kube/response.ts";
import { reflect } from "./reflection.ts";

/** Interval of checks whether the API server serves the kind; an upgrade or a role can change that. */
const SUPPORT_POLL_MS = 30_000;
/** While it has not answered. */
const FIRST_POLL_MS = 1_000;
const CHECK_DEADLINE_MS = 10_000;

interface PolicyWatchesOptions {
  readonly client: RestClient;
  readonly index: ClusterIndex;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Name of the policy and of its binding. */
  readonly policyName: string;
}

/** The watches of a kind that not every API server serves: they run only where it does. */
export class PolicyWatches {
  readonly #options: PolicyWatchesOptions;
  readonly #reflections;
  #running: AbortController | undefined;

  constructor(options: PolicyWatchesOptions) {
    const { index: { policies }, policyName } = options;
    this.#options = options;
    const one = { selection: selectionOf(policyName), known: () => [policyName], keyOf };
    this.#reflections = [
      reflect<MutatingAdmissionPolicy>(options, {
        ...one,
        name: resources.mutatingAdmissionPolicies.plural,
        resource: resources.mutatingAdmissionPolicies,
        // Items of a list come without their kind.
        apply: (object) => policies.policy = { ...object, kind: "MutatingAdmissionPolicy" },
        delete: () => policies.policy = undefined,
        forgetVersions: () => policies.policy = undefined,
      }),
      reflect<MutatingAdmissionPolicyBinding>(options, {
        ...one,
        name: resources.mutatingAdmissionPolicyBindings.plural,
        resource: resources.mutatingAdmissionPolicyBindings,
        apply: (object) => policies.binding = { ...object, kind: "MutatingAdmissionPolicyBinding" },
        delete: () => policies.binding = undefined,
        forgetVersions: () => policies.binding = undefined,
      }),
    ];
  }

  /** Names of the watches that are not complete; empty where the kind is not served. */
  unsynced(): string[] {
    const { support } = this.#options.index.policies;
    if (support === undefined) return this.#reflections.map(({ name }) => name);
    return this.active().filter(({ loop }) => !loop.isSynced()).map(({ name }) => name);
  }

  /** The watches that run. */
  active() {
    return this.#running === undefined ? [] : this.#reflections;
  }

  /** Works until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, index } = this.#options;
    let running: Promise<unknown> = Promise.resolve();
    while (!signal.aborted) {
      const support = await this.#readSupport(signal);
      if (support?.isServed === true && this.#running === undefined) {
        const turn = this.#running = new AbortController();
        const either = AbortSignal.any([signal, turn.signal]);
        running = Promise.all(this.#reflections.map(({ loop }) => loop.run(either)));
      }
      if (support?.isServed === false && this.#running !== undefined) {
        this.#running.abort();
        await running;
        this.#running = undefined;
      }
      if (support !== undefined) index.policies.support = support;
      await clock.sleep(index.policies.support ? SUPPORT_POLL_MS : FIRST_POLL_MS, signal);
    }
    await running;
  }

  /** Undefined if the API server does not answer. */
  async #readSupport(signal: AbortSignal): Promise<PolicySupport | undefined> {
    const { client, policyName } = this.#options;
    const request = list(resources.mutatingAdmissionPolicies, selectionOf(policyName));
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(CHECK_DEADLINE_MS)]);
    try {
      await send(client, request, deadline);
      return { isServed: true };
    } catch (error) {
      if (isNotFound(error)) {
        return {
          isServed: false,
          problem:
            "the API server does not serve MutatingAdmissionPolicy v1: Kubernetes 1.36 or newer does",
        };
      }
      if (isForbidden(error)) {
        return {
          isServed: false,
          problem:
            "the controller may not read MutatingAdmissionPolicies: apply the ClusterRole of this version",
        };
      }
      return undefined;
    }
  }
}

function keyOf({ metadata: { name = "" } }: KubeObject): string {
  return name;
}

function selectionOf(name: string) {
  return { fieldSelector: `metadata.name=${name}` };
}
