import { isDeepStrictEqual } from "node:util";
import type { PolicyObject } from "../../api/admission_policy.ts";
import type { Clock } from "../../api/clock.ts";
import { lastManager } from "../../core/field_manager.ts";
import { isOlder } from "../../index/versions.ts";
import { type Repair, RepairBackoff } from "../repair_backoff.ts";

/** What the leader knows of the policy or its binding at the API server, and what it last wrote there. */
export class StoredObject {
  readonly repairs: RepairBackoff;
  #observed: PolicyObject | undefined;
  /** The desired state that was last seen to be stored. */
  #confirmed: PolicyObject | undefined;
  /** The field manager of the change that was last repaired. */
  #manager: string | undefined;

  constructor(clock: Clock) {
    this.repairs = new RepairBackoff(clock);
  }

  get observed(): PolicyObject | undefined {
    return this.#observed;
  }

  get manager(): string | undefined {
    return this.#manager;
  }

  /** Applies a state of the watch; undefined if the object does not exist. */
  observe(object: PolicyObject | undefined): void {
    if (object && this.#observed && isOlder(object.metadata, this.#observed.metadata)) return;
    this.#observed = object;
  }

  /** Whether the stored state is the desired one. Labels and annotations of other clients are ignored. */
  isAs(desired: PolicyObject): boolean {
    return this.#observed !== undefined && isEqual(this.#observed, desired);
  }

  /** Records that the desired state is stored, if it is. */
  confirm(desired: PolicyObject): void {
    if (this.isAs(desired)) this.#confirmed = desired;
  }

  /** Whether a write would only restore the confirmed state. */
  isRepair(desired: PolicyObject): boolean {
    return this.#confirmed !== undefined && isEqual(this.#confirmed, desired) &&
      !this.isAs(desired);
  }

  /**
   * Writes the desired state over the observed one.
   *
   * @returns the repair, if another client had changed the confirmed state
   */
  async write(
    desired: PolicyObject,
    send: (desired: PolicyObject) => Promise<PolicyObject>,
  ): Promise<Repair | undefined> {
    const before = this.#observed;
    const isRepair = this.isRepair(desired);
    const stored = await send(over(before, desired));
    this.observe(stored);
    this.#confirmed = desired;
    if (!isRepair) return undefined;
    const manager = before && lastManager(before.metadata);
    this.#manager = manager;
    this.repairs.note();
    const { apiVersion, kind, metadata: { name = "", uid = "" } } = stored;
    const { inRow, isContended } = this.repairs;
    return { object: { apiVersion, kind, name, uid }, manager, inRow, isContended };
  }

  /** Records that the leader deleted the object. */
  forget(): void {
    this.#observed = undefined;
    this.#confirmed = undefined;
  }
}

/** The desired state with the metadata that other clients set. */
function over(observed: PolicyObject | undefined, desired: PolicyObject): PolicyObject {
  if (observed?.metadata.resourceVersion === undefined) return desired;
  const { resourceVersion, labels, annotations, finalizers } = observed.metadata;
  return {
    ...desired,
    metadata: {
      ...desired.metadata,
      annotations: { ...annotations, ...desired.metadata.annotations },
      ...(finalizers ? { finalizers } : {}),
      labels: { ...labels, ...desired.metadata.labels },
      resourceVersion,
    },
  };
}

function isEqual(observed: PolicyObject, desired: PolicyObject): boolean {
  return hasAll(observed.metadata.labels, desired.metadata.labels) &&
    hasAll(observed.metadata.annotations, desired.metadata.annotations) &&
    isDeepStrictEqual(
      observed.metadata.ownerReferences ?? [],
      desired.metadata.ownerReferences ?? [],
    ) &&
    isDeepStrictEqual(observed.spec, desired.spec);
}

function hasAll(
  observed: Readonly<Record<string, string>> = {},
  desired: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(desired).every(([key, value]) => observed[key] === value);
}
