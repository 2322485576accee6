import type { Validity } from "./identity.ts";

/** Past two thirds of its life a certificate is replaced, as cert-manager does. */
export function isDue({ notBefore, notAfter }: Validity, now: Date): boolean {
  const life = notAfter.getTime() - notBefore.getTime();
  return now.getTime() >= notBefore.getTime() + life * 2 / 3;
}

export function isExpired({ notAfter }: Validity, now: Date): boolean {
  return now.getTime() >= notAfter.getTime();
}

export interface AuthorityInput {
  /** The stored authority's certificate; undefined where there is none that can be used. */
  readonly stored: Validity | undefined;
  /** The one that this process has used so far. */
  readonly held: Validity | undefined;
  readonly now: Date;
}

/**
 * - `adopt`: use the stored authority;
 * - `restore`: store again the one that this process still has, which clients trust already;
 * - `rotate`: make a new one, and keep the old one beside it.
 */
export type AuthorityAction = "adopt" | "restore" | "rotate";

/** What is to become of the certificate authority. */
export function decideAuthority({ stored, held, now }: AuthorityInput): AuthorityAction {
  if (stored) return isDue(stored, now) ? "rotate" : "adopt";
  return held && !isDue(held, now) ? "restore" : "rotate";
}

export interface LeafInput {
  /** The certificate that is served; undefined at start. */
  readonly leaf: (Validity & { readonly byCurrent: boolean }) | undefined;
  /** The authority before the current one, where its key is still at hand. */
  readonly previous: Validity | undefined;
  /** Whether every client can be taken to trust the current authority. */
  readonly settled: boolean;
  readonly now: Date;
}

/** Whether to sign a new serving certificate, and with which authority. */
export type LeafAction = "keep" | "sign-by-current" | "sign-by-previous";

/** A serving certificate changes when it is due, and moves to a new authority only once clients trust that. */
export function decideLeaf({ leaf, previous, settled, now }: LeafInput): LeafAction {
  const trusted = settled || !previous || isExpired(previous, now)
    ? "sign-by-current"
    : "sign-by-previous";
  if (!leaf) return trusted;
  if (leaf.byCurrent) return isDue(leaf, now) ? "sign-by-current" : "keep";
  return settled || isDue(leaf, now) ? trusted : "keep";
}
