import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
} from "../../api/admission_policy.ts";
import type { Clock } from "../../api/clock.ts";
import { policySets } from "../../core/admission_policy/members.ts";
import { lastWrittenAt } from "../registration/configuration.ts";

/**
 * Until every API server uses a stored policy: each compiles changed policies once a second, after its own watch has
 * sent them.
 */
const SETTLE_MS = 3_000;
/** Between probes, until one shows the policy. */
const PROBE_INTERVAL_MS = 250;
/** Time without success after which the API server counts as one that applies no policies, and the interval then. */
const PROBE_TIMEOUT_MS = 60_000;
const LATE_PROBE_INTERVAL_MS = 10_000;

/** How the leader probes whether API servers apply a stored policy. */
export interface ActivationOptions {
  readonly clock: Clock;
  /** Whether an API server uses the version with this marker. May reject with what it answers. */
  isApplied(marker: string, signal: AbortSignal): Promise<boolean>;
  /** The selection of a SidecarSet in a stored policy, by its key there; undefined if unknown. */
  selectionOf(name: string, key: string): string | undefined;
}

/** A stored policy with its binding, as the watches have sent them. */
interface StoredPolicy {
  readonly policy: MutatingAdmissionPolicy;
  readonly binding: MutatingAdmissionPolicyBinding;
}

/** Since when API servers have used the stored policy, and which SidecarSets they inject by it. */
export class PolicyActivation {
  readonly #options: ActivationOptions;
  #marker: string | undefined;
  #firstSeenAt = 0;
  #since = new Date(0);
  #isApplied = false;
  #isActive = false;
  /** Keys of the SidecarSets in the stored policy. */
  #sets: ReadonlyMap<string, string> = new Map();
  /** Selections that API servers inject by any version that they may use now. */
  #covered: ReadonlyMap<string, string> = new Map();

  constructor(options: ActivationOptions) {
    this.#options = options;
  }

  /** Since when API servers have injected this version of a SidecarSet; undefined while they may not. */
  since(name: string, key: string): Date | undefined {
    return this.#isActive && this.#sets.get(name) === key ? this.#since : undefined;
  }

  /** Whether API servers inject the Pods of this selection, perhaps still an older version of the SidecarSet. */
  covers(name: string, selection: string): boolean {
    return this.#covered.get(name) === selection;
  }

  /** Whether the API server stores the policy, but has not applied it for a long time. */
  get isIgnored(): boolean {
    return this.#marker !== undefined && !this.#isApplied &&
      this.#options.clock.monotonic() - this.#firstSeenAt >= PROBE_TIMEOUT_MS;
  }

  /** The policy or its binding is missing, or another client changed it. */
  lose(): void {
    this.#marker = undefined;
    this.#isActive = false;
    this.#sets = new Map();
    this.#covered = new Map();
  }

  /**
   * Takes over what is stored, and probes whether it is used.
   *
   * @param isProbing false for a follower, which relies on the leader's probe
   * @returns milliseconds after which to call again; undefined if the policy is active
   */
  async update(
    stored: StoredPolicy,
    { isProbing, signal }: { isProbing: boolean; signal: AbortSignal },
  ): Promise<number | undefined> {
    const { clock, isApplied } = this.#options;
    const marker = markerOf(stored);
    if (marker !== this.#marker) this.#replace(stored, marker);
    if (isProbing && !this.#isApplied) {
      this.#isApplied = await isApplied(marker, signal);
      if (!this.#isApplied) return this.isIgnored ? LATE_PROBE_INTERVAL_MS : PROBE_INTERVAL_MS;
    }
    if (this.#isActive) return undefined;
    const wait = this.#since.getTime() + SETTLE_MS - clock.now().getTime();
    if (wait > 0) return wait;
    this.#isActive = true;
    this.#covered = this.#selections();
    return undefined;
  }

  #replace(stored: StoredPolicy, marker: string): void {
    const { clock } = this.#options;
    const isFirst = this.#marker === undefined;
    this.#marker = marker;
    this.#firstSeenAt = clock.monotonic();
    this.#isApplied = false;
    this.#isActive = false;
    this.#sets = policySets(stored.policy);
    if (!isFirst) {
      this.#since = clock.now();
      // API servers use the version before or this one.
      const selections = this.#selections();
      const kept = [...this.#covered].filter(([name, selection]) =>
        selections.get(name) === selection
      );
      this.#covered = new Map(kept);
      return;
    }
    // One that was stored long before this process started has been probed by the leader before: no Ready condition
    // becomes False because of a new leader, and the webhook is not registered again.
    this.#since = lastWritten(stored, clock.now());
    this.#isActive = clock.now().getTime() - this.#since.getTime() >= PROBE_TIMEOUT_MS;
    this.#covered = this.#isActive ? this.#selections() : new Map();
  }

  #selections(): ReadonlyMap<string, string> {
    const { selectionOf } = this.#options;
    return new Map([...this.#sets].flatMap(([name, key]) => {
      const selection = selectionOf(name, key);
      return selection === undefined ? [] : [[name, selection]];
    }));
  }
}

function markerOf({ policy, binding }: StoredPolicy): string {
  return [policy, binding].map(({ metadata: { uid, resourceVersion } }) =>
    `${uid}.${resourceVersion}`
  ).join(".");
}

function lastWritten({ policy, binding }: StoredPolicy, now: Date): Date {
  const times = [policy, binding].map((each) => lastWrittenAt(each)?.getTime() ?? now.getTime());
  return new Date(Math.min(Math.max(...times), now.getTime()));
}
