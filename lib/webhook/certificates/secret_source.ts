import type { Logger } from "../../api/logger.ts";
import { RENEWAL_ANNOTATION } from "../../api/names.ts";
import type { Secret } from "../../api/objects.ts";
import { bundleOf } from "../../core/registration/ca_bundle.ts";
import {
  type Authority,
  authorityData,
  readAuthority,
  type SecretData,
  type Validity,
} from "./identity.ts";
import { decideAuthority, decideLeaf, isExpired } from "./decide.ts";
import { issueAuthority, issueServingCertificate } from "./issue.ts";
import type { ServingNames } from "./issue.ts";
import {
  type CertificateListener,
  type CertificateSource,
  type ServingCertificate,
  Settling,
  type SettlingOptions,
} from "./source.ts";

/** Access to one Secret. Other outcomes than the documented ones are thrown. */
export interface SecretStore {
  get(): Promise<StoredSecret | undefined>;
  /** False if another replica has created it. */
  create(data: SecretData): Promise<boolean>;
  /** Replaces the data of `secret`. False if it has changed since it was read, or was deleted. */
  update(data: SecretData, secret: Secret): Promise<boolean>;
}

/** The Secret of the certificates as it is stored. */
export interface StoredSecret {
  readonly data: SecretData;
  /** The stored object, including fields of other managers. */
  readonly secret: Secret;
}

/** The Secret, the names of the certificate, and its lifetimes in seconds. */
export interface SecretSourceOptions extends SettlingOptions {
  readonly store: SecretStore;
  readonly names: ServingNames;
  readonly listener: CertificateListener;
  readonly logger: Logger;
  /** @default 10 years */
  readonly authoritySeconds?: number;
  /** @default 30 days */
  readonly certificateSeconds?: number;
}

const DAY_SECONDS = 24 * 60 * 60;
/** Attempts per check of a replica that loses the race for the Secret. */
const MAX_ATTEMPTS = 5;

interface Leaf extends ServingCertificate, Validity {
  /** Certificate of the CA that issued it. */
  readonly issuer: string;
  /** The last request to renew it that it answers. */
  readonly renewal: string | undefined;
}

/**
 * The installation's own CA. Its key is in a Secret that all replicas share; each replica issues its own serving
 * certificate in memory. A deleted or damaged Secret is stored again. After cert-manager's
 * `pkg/server/tls/authority:DynamicAuthority`, with one addition: a new CA issues no certificate before clients trust
 * it.
 */
export function createSecretSource(options: SecretSourceOptions): CertificateSource {
  const { store, listener, clock, logger } = options;
  const settling = new Settling(options);
  let authority: Authority | undefined;
  let leaf: Leaf | undefined;
  let reportedBundle = "";
  /** The last request of a user to renew the serving certificate. */
  let renewal: string | undefined;

  async function check(): Promise<void> {
    let problem: unknown;
    try {
      adopt(await agreeOnAuthority());
    } catch (error) {
      // The serving certificate is renewed without the API server too.
      if (!authority) throw error;
      problem = error;
    }
    if (authority) await renewLeaf(authority);
    if (problem !== undefined) throw problem;
  }

  /** The stored CA. Stores a new one where that is due; the first replica wins. */
  async function agreeOnAuthority(): Promise<Authority> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const found = await store.get();
      const reading = found && readAuthority(found.data);
      renewal = found?.secret.metadata.annotations?.[RENEWAL_ANNOTATION] ?? renewal;
      if (reading && !reading.ok) {
        logger.warn("The Secret of the certificate authority is damaged; storing it again", {
          reason: reading.problem,
        });
      }
      const stored = reading?.ok ? reading.authority : undefined;
      const now = clock.now();
      const action = decideAuthority({ stored: stored?.current, held: authority?.current, now });
      if (action === "adopt" && stored) return stored;
      const next = action === "restore" && authority
        ? authority
        : await rotated(stored ?? authority, now);
      const data = authorityData(next);
      const isStored = found ? await store.update(data, found.secret) : await store.create(data);
      if (isStored) {
        logger.info("Stored the certificate authority", {
          action,
          notAfter: next.current.notAfter.toISOString(),
        });
        return next;
      }
    }
    throw new Error(
      `Cannot store the certificate authority: its Secret changed during ${MAX_ATTEMPTS} attempts`,
    );
  }

  async function rotated(old: Authority | undefined, now: Date): Promise<Authority> {
    const lifetimeSeconds = options.authoritySeconds ?? 3650 * DAY_SECONDS;
    const current = await issueAuthority({ now, lifetimeSeconds });
    return old && !isExpired(old.current, now) ? { current, previous: old.current } : { current };
  }

  function adopt(next: Authority): void {
    settling.see(next.current.cert);
    authority = next;
    reportBundle();
  }

  async function renewLeaf(by: Authority): Promise<void> {
    const now = clock.now();
    const action = decideLeaf({
      leaf: leaf && { ...leaf, isByCurrent: leaf.issuer === by.current.cert },
      previous: by.previous,
      isRenewalRequested: leaf?.renewal !== renewal,
      isSettled: settling.isDone(leaf?.issuer),
      now,
    });
    if (action === "keep") return;
    const issuer = action === "sign-by-previous" && by.previous ? by.previous : by.current;
    const lifetimeSeconds = options.certificateSeconds ?? 30 * DAY_SECONDS;
    const issued = await issueServingCertificate(issuer, {
      now,
      lifetimeSeconds,
      names: options.names,
    });
    const next = { ...issued, issuer: issuer.cert, renewal };
    // Stored after the listener accepted it, so that the next check retries a failed swap.
    listener.onCertificate(next);
    leaf = next;
    logger.info("Issued a serving certificate", { notAfter: leaf.notAfter.toISOString() });
    reportBundle();
  }

  function caBundle(): string {
    const now = clock.now();
    const previous = authority?.previous;
    return bundleOf([
      authority?.current.cert,
      previous && !isExpired(previous, now) ? previous.cert : undefined,
      leaf && !isExpired(leaf, now) ? leaf.issuer : undefined,
    ]);
  }

  function reportBundle(): void {
    const bundle = caBundle();
    if (bundle === reportedBundle) return;
    listener.onCaBundle(bundle);
    reportedBundle = bundle;
  }

  return { current: () => leaf, caBundle, check };
}
