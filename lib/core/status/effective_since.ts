import { rfc3339 } from "../rfc3339.ts";

/** What the moment depends on since which a selection has been in force. */
export interface EffectiveSinceFacts {
  /** Of the stored status. */
  readonly stored: string | undefined;
  /** Whether the stored moment belongs to the current selection. */
  readonly sameSelection: boolean;
  /** Whether the SidecarSet is valid and not paused, so that new Pods are to be injected. */
  readonly injecting: boolean;
  /** Whether a registration that covers the selection has been in force long enough for every API server to follow it. */
  readonly settled: boolean;
  readonly now: Date;
}

/**
 * Since when every new selected Pod should have been injected; RFC 3339 in whole seconds, undefined while that cannot be said. A selection that
 * was changed, or of which it is not known that it was not, starts anew: in doubt no Pod counts as missed.
 */
export function nextEffectiveSince(facts: EffectiveSinceFacts): string | undefined {
  if (!facts.injecting) return undefined;
  if (facts.sameSelection && facts.stored !== undefined) return facts.stored;
  if (!facts.settled) return undefined;
  return rfc3339(facts.now);
}
