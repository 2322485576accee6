import type { Lease } from "../../api/objects.ts";

export type LeaseSpec = NonNullable<Lease["spec"]>;

/** A state of the Lease, and when this process first saw it by its monotonic clock; other clocks may differ. */
export interface Observation {
  readonly resourceVersion: string;
  readonly spec: LeaseSpec;
  readonly at: number;
}

/** The observation after a read; the time stays while the Lease is unchanged. */
export function observe(
  known: Observation | undefined,
  seen: { lease: Lease; at: number },
): Observation {
  const resourceVersion = seen.lease.metadata.resourceVersion ?? "";
  if (known?.resourceVersion === resourceVersion) return known;
  return { resourceVersion, spec: seen.lease.spec ?? {}, at: seen.at };
}

/** Whether a candidate may acquire the Lease: it holds it, it is free, or it has expired. */
export function mayAcquire(
  observation: Observation,
  candidate: { identity: string; now: number },
): boolean {
  const { holderIdentity = "", leaseDurationSeconds = 15 } = observation.spec;
  if (holderIdentity === "" || holderIdentity === candidate.identity) return true;
  return candidate.now - observation.at > leaseDurationSeconds * 1_000;
}

/** The Lease's spec once the candidate holds it. */
export function heldBy(
  spec: LeaseSpec,
  holder: { identity: string; now: Date; durationSeconds: number },
): LeaseSpec {
  // MicroTime: the API server wants six digits of a second.
  const now = holder.now.toISOString().replace("Z", "000Z");
  const kept = spec.holderIdentity === holder.identity;
  return {
    holderIdentity: holder.identity,
    leaseDurationSeconds: holder.durationSeconds,
    acquireTime: kept ? spec.acquireTime ?? now : now,
    renewTime: now,
    leaseTransitions: (spec.leaseTransitions ?? 0) +
      (kept || spec.holderIdentity === undefined ? 0 : 1),
  };
}

/** The Lease's spec after its release, so that another candidate need not wait. */
export function released(spec: LeaseSpec, now: Date): LeaseSpec {
  return {
    ...spec,
    holderIdentity: "",
    leaseDurationSeconds: 1,
    renewTime: now.toISOString().replace("Z", "000Z"),
  };
}
