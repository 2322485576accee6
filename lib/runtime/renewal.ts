import { RENEWAL_ANNOTATION } from "../api/names.ts";
import type { Secret } from "../api/objects.ts";
import {
  type Authority,
  authorityData,
  readAuthority,
  type SecretData,
} from "../webhook/certificates/identity.ts";
import { issueAuthority } from "../webhook/certificates/issue.ts";

/** The Secret of the certificate authority with a request to all replicas for a new serving certificate. */
export function withRenewalRequest({ metadata, ...secret }: Secret, now: Date): Secret {
  const annotations = { ...metadata.annotations, [RENEWAL_ANNOTATION]: now.toISOString() };
  return { ...secret, metadata: { ...metadata, annotations } };
}

/** A new certificate authority in its Secret. */
export interface RenewedAuthority {
  readonly secret: Secret;
  /** Certificate of the new authority; PEM text. */
  readonly certificate: string;
  /** Certificates of the authorities that it replaces. */
  readonly replaced: readonly string[];
}

/**
 * The Secret with a new certificate authority that lives as long as the old one. The old key is not kept: each replica
 * serves its certificate until API servers trust the new authority, and the registration trusts the old one until then.
 *
 * @returns undefined if the Secret has no usable authority, which the controller replaces by itself.
 */
export async function withNewAuthority(
  secret: Secret,
  now: Date,
): Promise<RenewedAuthority | undefined> {
  const reading = readAuthority(decoded(secret));
  if (!reading.ok) return undefined;
  const { current, previous } = reading.authority;
  const lifetimeSeconds = Math.round(
    (Number(current.notAfter) - Number(current.notBefore)) / 1_000,
  );
  const next: Authority = { current: await issueAuthority({ now, lifetimeSeconds }) };
  const data = Object.entries(authorityData(next)).map(([key, value]) => [key, btoa(value)]);
  return {
    secret: { ...secret, data: Object.fromEntries(data) },
    certificate: next.current.cert,
    replaced: [current, previous].flatMap((each) => each?.cert ?? []),
  };
}

function decoded({ data = {} }: Secret): SecretData {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, atob(value)]));
}
