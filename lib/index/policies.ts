import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../api/admission_policy.ts";
import type { ChangeFeed, PolicyChange } from "./changes.ts";

/** Whether this process can use MutatingAdmissionPolicy v1 of the API server. */
export type PolicySupport =
  | { readonly isServed: true }
  | {
    readonly isServed: false;
    /** Why not, with the remedy, as one clause without a full stop. */
    readonly problem: string;
  };

/** The MutatingAdmissionPolicy of the installation and its binding, as the watches have last sent them. */
export class PolicyIndex {
  readonly #changes: ChangeFeed;
  #support: PolicySupport | undefined;
  #policy: MutatingAdmissionPolicy | undefined;
  #binding: MutatingAdmissionPolicyBinding | undefined;

  constructor(changes: ChangeFeed) {
    this.#changes = changes;
  }

  /** Undefined until the API server has answered. */
  get support(): PolicySupport | undefined {
    return this.#support;
  }

  set support(support: PolicySupport) {
    const isSame = this.#support?.isServed === support.isServed;
    this.#support = support;
    if (!isSame) this.#publish("support");
  }

  get policy(): MutatingAdmissionPolicy | undefined {
    return this.#policy;
  }

  set policy(policy: MutatingAdmissionPolicy | undefined) {
    this.#policy = policy;
    this.#publish("policy");
  }

  get binding(): MutatingAdmissionPolicyBinding | undefined {
    return this.#binding;
  }

  set binding(binding: MutatingAdmissionPolicyBinding | undefined) {
    this.#binding = binding;
    this.#publish("binding");
  }

  #publish(changed: PolicyChange["changed"]): void {
    this.#changes.publish({ kind: "policy", changed, sidecarSets: [] });
  }
}
