import type { Logger } from "../../api/logger.ts";
import type { Secret } from "../../api/objects.ts";
import { bundleOf } from "../../core/registration/ca_bundle.ts";
import { type Authority, authorityData, readAuthority, type SecretData } from "./authority.ts";
import { decideAuthority, decideLeaf, isExpired } from "./decide.ts";
import type { Validity } from "./identity.ts";
import { issueAuthority, issueServingCertificate } from "./issue.ts";
import type { ServingNames } from "./serving_names.ts";
import { Settling, type SettlingOptions } from "./settling.ts";
import type { CertificateListener, CertificateSource, ServingCertificate } from "./source.ts";

/** One Secret by its name. Everything but the outcomes named here is thrown. */
export interface SecretStore {
  get(): Promise<StoredSecret | undefined>;
  /** False when another replica has created it. */
  create(data: SecretData): Promise<boolean>;
  /** Changes the data of a Secret as it was read. False when it has changed since, or is gone. */
  update(data: SecretData, secret: Secret): Promise<boolean>;
}

export interface StoredSecret {
  readonly data: SecretData;
  /** As it is stored, with all that others have set on it. */
  readonly secret: Secret;
}

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
/** How often a replica that loses the race for the Secret looks again at once. */
const MAX_ATTEMPTS = 5;

interface Leaf extends ServingCertificate, Validity {
  /** Certificate of the authority that signed it. */
  readonly issuer: string;
}

/**
 * The installation's own certificate authority: its key is in a Secret that all replicas share, each signs its own
 * serving certificate in memory. A Secret that was deleted or damaged is stored again. The model is cert-manager's
 * (`pkg/server/tls/authority:DynamicAuthority`); what is added is that a new authority signs nothing before clients
 * have it.
 */
export function createSecretSource(options: SecretSourceOptions): CertificateSource {
  const { store, listener, clock, logger } = options;
  const settling = new Settling(options);
  let authority: Authority | undefined;
  let leaf: Leaf | undefined;
  let announcedBundle = "";

  async function check(): Promise<void> {
    let problem: unknown;
    try {
      adopt(await agreeOnAuthority());
    } catch (error) {
      // Without the API server the serving certificate is still renewed.
      if (!authority) throw error;
      problem = error;
    }
    if (authority) await renewLeaf(authority);
    if (problem !== undefined) throw problem;
  }

  /** Reads the stored authority, and stores one where that is due: whoever is first wins. */
  async function agreeOnAuthority(): Promise<Authority> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const found = await store.get();
      const reading = found && readAuthority(found.data);
      if (reading && !reading.ok) {
        logger.warn("The Secret of the certificate authority is damaged and is written again", {
          reason: reading.problem,
        });
      }
      const stored = reading?.ok ? reading.authority : undefined;
      const now = clock.now();
      const action = decideAuthority({ stored: stored?.current, held: authority?.current, now });
      if (action === "adopt" && stored) return stored;
      const wanted = action === "restore" && authority
        ? authority
        : await rotated(stored ?? authority, now);
      const data = authorityData(wanted);
      const won = found ? await store.update(data, found.secret) : await store.create(data);
      if (won) {
        logger.info("Stored the certificate authority", {
          action,
          notAfter: wanted.current.notAfter.toISOString(),
        });
        return wanted;
      }
    }
    throw new Error(
      `Cannot store the certificate authority: its Secret changed under ${MAX_ATTEMPTS} attempts`,
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
    announceBundle();
  }

  async function renewLeaf(by: Authority): Promise<void> {
    const now = clock.now();
    const action = decideLeaf({
      leaf: leaf && { ...leaf, byCurrent: leaf.issuer === by.current.cert },
      previous: by.previous,
      settled: settling.isDone(leaf?.issuer),
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
    const next = { ...issued, issuer: issuer.cert };
    // It counts as served only once the listener has it, so that a failed swap is tried again at the next check.
    listener.onCertificate(next);
    leaf = next;
    logger.info("Signed a serving certificate", { notAfter: leaf.notAfter.toISOString() });
    announceBundle();
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

  function announceBundle(): void {
    const bundle = caBundle();
    if (bundle === announcedBundle) return;
    listener.onCaBundle(bundle);
    announcedBundle = bundle;
  }

  return { current: () => leaf, caBundle, check };
}
