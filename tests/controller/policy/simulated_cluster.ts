import { usesPolicy } from "../../../lib/core/registration/selection.ts";
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  PolicyObject,
} from "../../../lib/api/admission_policy.ts";
import type { WebhookConfiguration } from "../../../lib/api/webhook_configuration.ts";
import { PolicyReconciler } from "../../../lib/controller/policy/reconciler.ts";
import { RegistrationReconciler } from "../../../lib/controller/registration/reconciler.ts";
import { policySets } from "../../../lib/core/admission_policy/members.ts";
import type { PreparedSidecarSet } from "../../../lib/core/prepared.ts";
import type { PolicySupport } from "../../../lib/index/policies.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { sidecarSetOf } from "../../support/objects.ts";
import { quietLogger } from "../../support/quiet_logger.ts";
import { pem, PublishedPeers } from "../registration/scene.ts";
import { LEFT_TO_WEBHOOK_ENTRY } from "../../../lib/core/registration/left_to_webhook.ts";

/** What an API server uses of what is stored: later than its watch has sent it. */
export interface Delays {
  /** Until the answer to a write. */
  readonly write: number;
  /** Until a webhook configuration is used. */
  readonly webhook: number;
  /** Until a policy is used. */
  readonly policy: number;
}

export interface SetState {
  readonly mechanism?: "Webhook" | "Policy";
  /** Depends on the Pod, so that the policy cannot inject it. */
  readonly isDependent?: boolean;
  readonly isPaused?: boolean;
  readonly image?: string;
}

/** An API server with the two reconcilers of a leader, in simulated time. */
export class SimulatedCluster {
  readonly clock = new ManualClock();
  readonly sidecarSets = new Map<string, PreparedSidecarSet>();
  support: PolicySupport = { isServed: true };
  delays: Delays = { write: 20, webhook: 50, policy: 1_000 };
  readonly stored: {
    policy: MutatingAdmissionPolicy | undefined;
    binding: MutatingAdmissionPolicyBinding | undefined;
  } = { policy: undefined, binding: undefined };
  policy: PolicyReconciler;
  #registration: RegistrationReconciler;
  #version = 0;
  #usedVersion = 0;
  #used: { policy?: MutatingAdmissionPolicy; markers: string[]; webhooks: string } = {
    markers: [],
    webhooks: "",
  };
  #leader = new AbortController();

  constructor() {
    [this.policy, this.#registration] = this.#reconcilers();
  }

  /** Ends the leader and starts another one, which knows only what is stored. */
  restart(): void {
    this.#leader.abort();
    this.#leader = new AbortController();
    const { mutating } = this.#registration;
    [this.policy, this.#registration] = this.#reconcilers();
    this.#registration.observe("MutatingWebhookConfiguration", mutating);
    this.policy.observe("policy");
    this.policy.observe("binding");
    this.start();
  }

  /** Runs both reconcilers again and again. */
  start(): void {
    const { signal } = this.#leader;
    for (const reconciler of [this.policy, this.#registration]) {
      void (async () => {
        while (!signal.aborted) {
          await reconciler.reconcile(signal).catch((error) => {
            if (!signal.aborted) throw error;
          });
          await this.clock.sleep(100, signal);
        }
      })();
    }
  }

  stop(): void {
    this.#leader.abort();
  }

  put(name: string, state: SetState): void {
    const { mechanism = "Policy", isDependent = false, isPaused = false, image = "agent:1" } =
      state;
    const generation = (this.sidecarSets.get(name)?.sidecarSet.metadata.generation ?? 0) + 1;
    const shareVolumePolicy = isDependent
      ? { shareVolumePolicy: { type: "enabled" as const } }
      : {};
    const prepared = sidecarSetOf({
      name,
      generation,
      spec: {
        selector: { matchLabels: { app: name } },
        containers: [{ name: `agent-of-${name}`, image, ...shareVolumePolicy }],
        injectionStrategy: { mechanism, paused: isPaused },
      },
    });
    this.sidecarSets.set(name, { ...prepared, revisionName: `${name}-${image}-${isDependent}` });
  }

  /** Another client deletes the policy. */
  deletePolicy(): void {
    this.#store("policy", undefined);
  }

  /** By what API servers inject new Pods of a SidecarSet now. */
  injectorsOf(name: string): ("Policy" | "Webhook")[] {
    return [
      ...(policySets(this.#used.policy).has(name) ? ["Policy" as const] : []),
      ...(this.#used.webhooks.includes(`'${name}'`) ? ["Webhook" as const] : []),
    ];
  }

  #reconcilers(): [PolicyReconciler, RegistrationReconciler] {
    const { clock } = this;
    const leader = this.#leader.signal;
    const common = { clock, logger: quietLogger, excludedNamespaces: [], isLeader: () => true };
    const owner = () => Promise.resolve(undefined);
    const answer = async <T>(store: () => T): Promise<T> => {
      await clock.sleep(this.delays.write);
      leader.throwIfAborted();
      return store();
    };
    const registration: RegistrationReconciler = new RegistrationReconciler({
      ...{ ...common, owner, onRepair: () => {}, onCoverage: () => {} },
      name: "sidecarset",
      endpoint: { url: "https://127.0.0.1:9443" },
      sidecarSets: () => [...this.sidecarSets.values()],
      caBundle: () => pem("own"),
      peers: new PublishedPeers(),
      isInjectedByPolicy: (prepared) => policy.covers(prepared),
      write: (configuration) => answer(() => this.#register(configuration)),
    });
    const policy = new PolicyReconciler({
      ...{ ...common, owner, onRepair: () => {}, onChange: () => {} },
      policies: this.stored,
      revisionsOf: () => [],
      sidecarSets: () => this.sidecarSets,
      usingPolicy: () => [...this.sidecarSets.values()].filter(usesPolicy),
      support: () => this.support,
      isReviewed: (prepared) => registration.isReviewed(prepared),
      isApplied: (marker) => Promise.resolve(this.#used.markers.includes(marker)),
      write: (desired) => answer(() => this.#write(desired)),
      deleteAll: () =>
        answer(() => {
          this.#store("policy", undefined);
          this.#store("binding", undefined);
        }),
    });
    return [policy, registration];
  }

  #register(configuration: WebhookConfiguration): WebhookConfiguration {
    const stored = { ...configuration, metadata: { ...configuration.metadata, ...this.#next() } };
    if (configuration.kind === "MutatingWebhookConfiguration") {
      const version = this.#version;
      void this.clock.sleep(this.delays.webhook).then(() => {
        // A later write may have been used already.
        if (version < this.#usedVersion) return;
        this.#usedVersion = version;
        // All Pods of the simulation are decided by policies.
        const reviewed = stored.webhooks?.filter(({ name }) => name !== LEFT_TO_WEBHOOK_ENTRY);
        this.#used.webhooks = JSON.stringify(reviewed);
      });
    }
    return stored;
  }

  #write(desired: PolicyObject): PolicyObject {
    const stored = { ...desired, metadata: { ...desired.metadata, ...this.#next() } };
    if (stored.kind === "MutatingAdmissionPolicy") this.#store("policy", stored);
    else this.#store("binding", stored);
    return stored;
  }

  #store<Key extends "policy" | "binding">(key: Key, object: typeof this.stored[Key]): void {
    this.stored[key] = object;
    this.policy.observe(key);
    const { policy, binding } = this.stored;
    void this.clock.sleep(this.delays.policy).then(() => {
      // One that is written later is used later.
      if (policy !== this.stored.policy || binding !== this.stored.binding) return;
      const isUsed = policy !== undefined && binding !== undefined;
      this.#used = {
        webhooks: this.#used.webhooks,
        markers: isUsed ? [markerOf(policy, binding)] : [],
        ...(isUsed ? { policy } : {}),
      };
    });
  }

  #next() {
    const resourceVersion = String(++this.#version);
    return {
      resourceVersion,
      uid: "uid",
      managedFields: [{ time: this.clock.now().toISOString() }],
    };
  }
}

function markerOf(...objects: PolicyObject[]): string {
  return objects.map(({ metadata: { uid, resourceVersion } }) => `${uid}.${resourceVersion}`)
    .join(".");
}
