import type { Validity } from "./identity.ts";

/** Whether two thirds of the validity have passed, after which a certificate is replaced (as in cert-manager). */
export function isDue({ notBefore, notAfter }: Validity, now: Date): boolean {
  const life = notAfter.getTime() - notBefore.getTime();
  return now.getTime() >= notBefore.getTime() + life * 2 / 3;
}

/** Whether the validity has ended. */
export function isExpired({ notAfter }: Validity, now: Date): boolean {
  return now.getTime() >= notAfter.getTime();
}

/** What the decision about the CA depends on. */
interface AuthorityInput {
  /** The stored CA; undefined without a usable one. */
  readonly stored: Validity | undefined;
  /** The CA that this process uses. */
  readonly held: Validity | undefined;
  readonly now: Date;
}

/**
 * - `adopt`: use the stored CA;
 * - `restore`: store this process' CA again, which clients already trust;
 * - `rotate`: issue a new CA and keep the old one next to it.
 */
type AuthorityAction = "adopt" | "restore" | "rotate";

/** Decides whether to use the stored CA, restore it or rotate it. */
export function decideAuthority({ stored, held, now }: AuthorityInput): AuthorityAction {
  if (stored) return isDue(stored, now) ? "rotate" : "adopt";
  return held && !isDue(held, now) ? "restore" : "rotate";
}

/** What the decision about the serving certificate depends on. */
interface LeafInput {
  /** The served certificate; undefined at start. */
  readonly leaf: (Validity & { readonly isByCurrent: boolean }) | undefined;
  /** The previous CA; undefined without its key. */
  readonly previous: Validity | undefined;
  /** Whether a user requested a new certificate since this one was issued. */
  readonly isRenewalRequested: boolean;
  /** Whether all clients can be assumed to trust the current CA. */
  readonly isSettled: boolean;
  readonly now: Date;
}

/** Whether to issue a serving certificate, and by which CA. */
type LeafAction = "keep" | "sign-by-current" | "sign-by-previous";

/**
 * Decides about the serving certificate: it is replaced when due or on request, and by a new CA only once clients trust
 * that. Without the previous CA's key, an old certificate is kept for as long as it is valid.
 */
export function decideLeaf(input: LeafInput): LeafAction {
  const { leaf, previous, isRenewalRequested, isSettled, now } = input;
  const signer = isSettled || !previous || isExpired(previous, now)
    ? "sign-by-current"
    : "sign-by-previous";
  if (!leaf) return signer;
  const isRenewed = isDue(leaf, now) || isRenewalRequested;
  if (leaf.isByCurrent) return isRenewed ? "sign-by-current" : "keep";
  if (isSettled) return "sign-by-current";
  if (signer === "sign-by-previous") return isRenewed ? signer : "keep";
  return isExpired(leaf, now) ? signer : "keep";
}
